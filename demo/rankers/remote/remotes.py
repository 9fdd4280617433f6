"""What is shared of remote rerankers within one process: the servers there are, who calls them, scores they gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from demo.errors import InputError
from demo.phrases import shown
from demo.rankers.cross_encoder.kept_scores import KeptScores
from demo.rankers.remote.calls import Caller
from demo.rankers.remote.servers import Server, read_servers
from demo.settings import Settings, secret

NAME = "remote"


class Remotes:
    """The servers that the owner has set up, who calls them, and scores that they gave before."""

    def __init__(self, servers: Mapping[str, Server], kept: int, secret: Callable[[str], str] = secret) -> None:
        self.callers = {name: Caller(server, secret) for name, server in servers.items()}
        self.kept = KeptScores(kept)

    @classmethod
    def of(cls, settings: Settings) -> Remotes:
        """Those of the settings.

        Raises:
            InputError: they cannot be read.
        """
        return cls(read_servers(settings.remotes), settings.kept_scores)

    def caller(self, name: str) -> Caller:
        """The caller of this server.

        Raises:
            InputError: there is no such server.
        """
        if name in self.callers:
            return self.callers[name]
        if not self.callers:
            raise InputError(
                "There is no remote reranker “{name}”. Whoever runs this app has set up none; docs/protocols.md "
                "says how.",
                name=shown(name),
            )
        raise InputError(
            "There is no remote reranker “{name}”. Choose one of {names}.",
            name=shown(name),
            names=", ".join(f"{NAME}({each})" for each in self.callers),
        )
