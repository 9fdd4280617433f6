"""Rerank Lens on Ray Serve: replicas that score, and in front of them what answers at an address.

`serve run demo.serving:app` starts it on this machine; `demo/serving/cluster.yaml` is for a cluster. Nothing else of
the app imports this part, and nothing but this part and `evaluate --ray` imports Ray.
"""

# No future import here: Serve looks at the type of `app`'s argument.

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field
from ray import serve
from ray.serve import Application
from ray.serve.config import AutoscalingConfig

from demo.serving.ingress import Ingress
from demo.serving.scorer import Scorer
from demo.settings import Settings

SCORER, FRONT = "Scorer", "Front"
"""Names of the deployments."""

FRONT_ONGOING = 1_000


class Options(BaseModel):
    """What `serve run demo.serving:app NAME=VALUE …` or `args` in a config file may say."""

    replicas: int = Field(1, ge=1, description="Replicas that score; the fewest, if most_replicas is set.")
    most_replicas: int = Field(0, ge=0, description="With more work, up to so many; 0: always `replicas`.")
    cpus: float = Field(1, gt=0, description="CPUs of a replica.")
    gpus: float = Field(0, ge=0, description="GPUs of a replica; 0.25 puts four on one.")
    ongoing: int = Field(8, ge=1, description="Requests a replica should have: with more of them another one starts.")
    most_ongoing: int = Field(32, ge=1, description="Requests that a replica takes at a time; the others queue.")
    most_queued: int = Field(4_096, ge=1, description="Requests that queue in front of all replicas.")
    batch_pairs: int = Field(256, ge=1, description="Pairs scored together; a GPU wants more, such as 4096.")
    wait_seconds: float = Field(0.002, ge=0, description="How long an idle replica waits for a second request.")
    fronts: int = Field(1, ge=1, description="Replicas that answer requests and compute nothing.")
    version: str = Field("", description="Another one replaces all replicas, one after another, as for new weights.")


def app(options: Options) -> Application:
    """The deployments, with the settings of this process's environment."""
    return with_settings(options, Settings.from_env())


def with_settings(options: Options, settings: Settings) -> Application:
    """The deployments with these settings."""
    settings = replace(settings, serving="")
    of_replica = replace(settings, threads=max(1, round(options.cpus)), device=settings.device or _device(options))
    scorer = serve.deployment(
        Scorer,
        name=SCORER,
        **_replicas(options),
        max_ongoing_requests=options.most_ongoing,
        max_queued_requests=options.most_queued,
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        user_config={"batch_pairs": options.batch_pairs, "wait_seconds": options.wait_seconds},
    ).bind(of_replica, options.version)
    room = options.most_ongoing * max(options.replicas, options.most_replicas)
    of_front = replace(
        settings, max_small=max(settings.max_small, room), max_large=max(settings.max_large, room)
    )  # the front computes nothing: what it lets through waits at the replicas, where it can share a batch
    front = serve.deployment(
        serve.ingress()(Ingress),
        name=FRONT,
        num_replicas=options.fronts,
        max_ongoing_requests=FRONT_ONGOING,
        ray_actor_options={"num_cpus": 0},
    )
    return front.bind(scorer, of_front)


def _replicas(options: Options) -> dict[str, Any]:
    """How many there are: always as many, or as many as the work needs."""
    if not options.most_replicas:
        return {"num_replicas": options.replicas}
    scaling = AutoscalingConfig(
        min_replicas=options.replicas, max_replicas=options.most_replicas, target_ongoing_requests=options.ongoing
    )
    return {"autoscaling_config": scaling}


def _device(options: Options) -> str:
    return "cuda" if options.gpus else "cpu"
