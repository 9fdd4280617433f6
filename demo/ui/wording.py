"""Every sentence and label of the page, in English; other languages are in demo/locale.

Static labels go through `Labels`: gradio picks the language in the browser. Text that the server makes into HTML goes
through `Message.to(language)`. Sentences that belong to a lower layer (errors, a card, a format's help) live there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.i18n import I18nData
from starlette.requests import Request, cookie_parser

from demo.messages import ENGLISH, Language, Message, languages, locales

LANGUAGES = (("en", "English"), ("zh", "中文"))
"""Each language by its own name."""
TITLE = Message("Rerank Lens")
TAGLINE = Message("See what a cross-encoder changes in a BM25 ranking, by how much, why, and at what cost.")
TAB_RERANK = Message("Rerank")
TAB_COMPARE = Message("Compare")
TAB_EVALUATE = Message("Evaluate")
TAB_HISTORY = Message("History")
TAB_TOUR = Message("Tour")
TAB_MODELS = Message("Models")
TAB_ABOUT = Message("About")

# inputs
QUERY = Message("Query")
QUERY_PLACEHOLDER = Message("A question or a few words")
QUERY_INFO = Message("Ctrl/⌘ + Enter runs it")
EXAMPLE_QUERIES = Message("Queries of this collection")
SOURCE_COLLECTION = Message("Collection")
SOURCE_PASTE = Message("Paste")
SOURCE_UPLOAD = Message("Upload")
COLLECTION = Message("Passages from")
COLLECTION_SIZE = Message("{passages} passages, {queries} judged queries, {licence}; what the grades mean")
PASTE = Message("Passages")
PASTE_PLACEHOLDER = Message(
    "One passage per line, or separated by blank lines; id⇥text, JSON, JSONL and CSV are understood too"
)
PASTE_FORMAT = Message("Read as")
FORMAT_AUTO = Message("Most plausible reading")
FIELDS = Message("Which field holds what")
FIELD_AUTO = Message("as found")
FIELD_TEXT = Message("Text from")
FIELD_TITLE = Message("Title from")
FIELD_ID = Message("Id from")
FIELD_QUERY = Message("Query from")
FIELD_GRADE = Message("Grade from")
FIELD_SCORE = Message("Score from")
TAKEN_FROM = Message("{role} from “{name}”")
TAKEN_BY_CONTENT = Message("{role} from “{name}”, told by its content")
FIRST_JUDGMENTS = Message("Judgments")
FIRST_RESULTS = Message("Results of a run")
FIRST_ROWS = Message("The first rows as they were read")
FORMATS_KNOWN = Message("What is understood")
UPLOAD_BUTTON = Message("Choose files")
UPLOADS = Message("Files, in the order they are read")
UPLOAD_UP = Message("Move {name} up")
UPLOAD_REMOVE = Message("Remove {name}")
DROP_HERE = Message("Drop the files: their passages are read, and nothing is ranked until you press the button.")
UPLOAD_NONE = Message(
    "Text, Markdown, CSV, TSV, JSON, JSONL (each also .gz), PDF, DOCX, a BEIR folder as .zip, or a search "
    "response of Elasticsearch, OpenSearch or Solr. Several files at once are fine."
)
MODEL = Message("Cross-encoder")
MODEL_INFO = Message("Any hub id or local folder works as well")
HUB_MODEL_INFO = Message("Any hub id works as well")
MODEL_BUNDLED = Message("bundled")
MODEL_CACHED = Message("on this machine")
MODEL_SERVED = Message("on the servers that score")
ANOTHER_SERVER = Message("on another server")
MODEL_LOCAL = Message("own folder")
MODEL_UNUSABLE = Message("cannot be used")
MODEL_DOWNLOAD = Message("downloads {size}")
MODEL_DOWNLOAD_UNKNOWN = Message("downloads")
OPTIONS = Message("First stage")
FIRST_STAGE = Message("Candidates come from")
VARIANT = Message("BM25 variant")
STOP_WORDS = Message("Leave out stop words")
STEMMER = Message("Stemming")
STEMMER_NONE = Message("none")
DEPTH = Message("Passages to rerank")
DEPTH_INFO = Message("Taken from the top of the first stage; 0: as many as allowed")
WINDOWS = Message("Score long passages in overlapping windows")
WINDOWS_INFO = Message("The best window counts (MaxP); otherwise the end is cut")
PRECISION = Message("Number format")
PRECISION_INFO = Message(
    "fp32 is exact. bf16 is faster on processors that have it and moves scores a little: on the bundled "
    "weights its order agrees with fp32's with a Kendall τ of 0.99. fp16 needs a GPU."
)
MODEL_OPTIONS = Message("Long passages, number format")
RUN = Message("Rerank")
STOP = Message("Stop")

# judging by hand
JUDGING = Message("Judgments by hand")
JUDGING_HELP = Message(
    "Choose a passage and press 0–3, or a grade in its panel. Judgments stay in this browser; save them "
    "as qrels to take them elsewhere."
)
JUDGING_LOAD = Message("Load qrels")
JUDGING_SAVE = Message("Save as qrels")
RESULT_GONE = Message("The server no longer keeps this result. Run it once more.")
JUDGING_LOADED = Message("Loaded. Judgments by hand: {n}.")
JUDGING_LOADED_CUT = Message(
    "Loaded. Judgments by hand: {n}. Grades below 0 count as 0, above 3 as 3: {beyond} of the file."
)
NO_JUDGMENTS = Message("Nothing was judged by hand yet. Choose a passage and press 0, 1, 2 or 3.")

# compare: inputs and controls
RANKERS = Message("Rankers, one column each")
RANKERS_INFO = Message(
    "In the order chosen. Type a hub id, a folder, or a form such as bm25[k1=1.2] or rrf(bm25+bundled/tiny)"
)
ADD_RUNS = Message("Add run files")
ADD_RUNS_INFO = Message("Each run is one more ranker, for the query with its id. Its passages are candidates too.")
RUN_CHOICE = Message("{name} · run file")
RUNS_NOT_IN_LINKS = Message("Run files do not fit into a link. Leave the runs out, or save the result as HTML.")
RUN_COMPARE = Message("Compare")
ADD_RANKER = Message("Add a model with options")
ADD = Message("Add to the rankers")
MAX_TOKENS = Message("Maximum length in tokens")
MAX_TOKENS_INFO = Message("Query and passage together; 0: the model's own")
INSTRUCTION = Message("Instruction")
INSTRUCTION_INFO = Message("For models with a template or prompt; empty: the model's own")
NO_MODEL = Message("Choose a model to add.")
DEPTH_AND_FUSION = Message("Depth and fusion")
DEPTH_SLIDER = Message("Rerank the first stage's top …")
DEPTH_SLIDER_INFO = Message("The rest keep their places; nothing is scored again")
FUSION = Message("Fusion of all rankers")
FUSION_INFO = Message("Adds one more column, with the weights below")
FUSION_NONE = Message("none")
FUSION_K = Message("k of RRF: the larger, the less the top counts")
AGREEMENT_BY = Message("Agreement measured by")
REFERENCE = Message("Reference ranker")
SPEED_AXIS = Message("Speed against")
SPEED_AGAINST = {
    "agreement": Message("agreement with the reference"),
    "NDCG@10": Message("NDCG@10, where judged"),
}
RERANK_QUESTION = Message("What does a cross-encoder change?")
RERANK_EMPTY = Message(
    "Type a query, give the passages that a search found for it and press Rerank: you see both orders side by "
    "side, what rose and what fell, and why. The Tour has examples."
)
COMPARE_QUESTION = Message("Where do the rankers part?")
COMPARE_EMPTY = Message(
    "Choose up to eight rankers on the left and press Compare: you see how ranks flow from one to the "
    "next, on which passages they disagree and which kind of ranker stands alone, how far they agree, and "
    "what each of them takes."
)
COMPARE_FIRST = Message("Press Compare first: there is no result yet.")
EDIT = Message("What if the query or a passage were different?")
EDIT_QUERY = Message("Query to try")
EDIT_PASSAGE = Message("Passage to edit")
EDIT_TEXT = Message("Its text to try")
EDIT_RUN = Message("Rank again and show both")
NOTHING_EDITED = Message("Nothing is different yet. Change the query, or choose a passage and change its text.")

# history
HISTORY_INTRO = Message(
    "The last {most} runs of Rerank, Compare and Evaluate, any two of a kind side by side. They are kept in this "
    "browser and nowhere else; a session file takes them along, with your passages and judgments."
)
HISTORY_EMPTY = Message(
    "Nothing was run yet in this browser. Press Rerank, Compare or Evaluate, and the run stands here."
)
HISTORY_ONE = Message("With a second run of its kind, both stand here side by side.")
HISTORY_FIRST = Message("One run")
HISTORY_SECOND = Message("The other run")
HISTORY_EARLIER = Message("Earlier run")
HISTORY_LATER = Message("Later run")
HISTORY_RUNS = Message("Your runs, the latest first")
HISTORY_OPEN = Message("Open again")
HISTORY_LOST = Message("cannot be opened again: not all that it was given could be kept")
HISTORY_CLEAR = Message("Clear the history")
HISTORY_ASKED = Message("What was asked")
HISTORY_FIGURES = Message("Figures")
HISTORY_ORDER = Message("The first {k} of {label}")
HISTORY_CHANGE = Message("Change")
HISTORY_DIFFERS = Message("differs")
SESSION_SAVE = Message("Save session")
SESSION_OPEN = Message("Open a session file")
SESSION_EMPTY = Message("There is nothing to save yet: run something first.")

# tour
TOUR_INTRO = Message(
    "Each query here traps one ranker or the other. “Guess which one rises” shows BM25's list alone and asks which "
    "passage the cross-encoder puts first; then the page shows both lists."
)
TOUR_KINDS = Message("Kinds of traps")
TOUR_GUESS = Message("Guess which one rises")
TOUR_OPEN = Message("Open")
GUESS_ASKED = Message("Your guess: which passage will the cross-encoder put first? Press it.")
GUESS_NONE = Message("None of these")
GUESS_RIGHT = Message("Right. First is now:")
GUESS_WRONG = Message("Not that one. First is now:")

# results
SCALE = Message("Show scores")
RANK_CHANGE = Message("Ranking change")
RANKING = Message("All passages")
TIME = Message("What it took")
DOWNLOAD_CSV = Message("Download CSV")
DOWNLOAD_JSON = Message("Download JSON")
DOWNLOAD_HTML = Message("Download HTML")
DOWNLOAD_RUNS = Message("TREC runs, ZIP")
DOWNLOAD_SET = Message("Set to rerank, JSONL")
DOWNLOAD_BEIR = Message("Collection, BEIR ZIP")
TOO_LARGE_TO_SAVE = Message(
    "The passages have {chars:,} characters; the page gives at most {most:,} in one file. Take fewer passages."
)
NOTHING_JUDGED = Message("Nothing is judged, so there are no figures to save. Add judgments.")
DOWNLOAD_CODE = Message("Code: {program}")
CODE = Message("Code")
CODE_TOO_LONG = Message("The passages have {chars:,} characters, too many to show. “Share and save” has the files.")
COPY = Message("Copy")
COPIED = Message("Copied")
SAVED_ON = Message("Saved on {time} UTC.")
SAVED_WITH = Message("Made with {versions}.")
SAVED_WHOLE = Message("This file needs no server: passages, scores, charts and the data behind them are in it.")
QUERY_WAS = Message("Query")
TRAP = Message("What to look for")
WARNINGS = Message("Before you trust the picture")
MOVED_UP = Message("moved up")
MOVED_DOWN = Message("moved down")
NOT_MOVED = Message("stayed")
MOVED_FAR_UP = Message("moved far up")
MOVED_FAR_DOWN = Message("moved far down")
MOVED_LITTLE = Message("moved little or stayed")
LINE_UNFOUND = Message("dashed: not found on one side")
SLOPE_KEYS = Message("Tab into the chart, then arrow keys; Enter selects. Pointing at a line isolates it.")
SLOPE_PART = Message(
    "Drawn: the {drawn} of {total} passages that are in either top {k} or moved most; below rank {k} the scale is "
    "logarithmic."
)
TICK = Message("rank {rank}")
END_BEFORE = Message("rank {rank} before, now {other_rank}, {change}: {name}")
END_AFTER = Message("rank {rank}, was {other_rank}, {change}: {name}")
COLUMN_RANK = Message("Rank")
COLUMN_CHANGE = Message("Change")
COLUMN_WAS = Message("Was")
PANEL_STEPS = Message("Through the passages")
PREVIOUS = Message("Previous passage")
NEXT = Message("Next passage")
ONWARD = Message("Auto-next")
ONWARD_HELP = Message("After each grade the next ungraded passage is shown")
BLIND = Message("Blind")
BLIND_HELP = Message("Hides who ranked the passage where and all earlier grades, so that nothing sways the judgment")
BLIND_ON = Message("Blind: passages in an order by chance; ranks, scores and earlier grades are hidden.")
BLIND_END = Message("End Blind")
EDIT_INPUTS = Message("Edit")
THEME_SWITCH = Message("Light or dark")
LANGUAGE_SWITCH = Message("Language")
JUMP = Message("Parts of this page")
SHARE = Message("Share and save")
PICTURE = Message("Picture")
PICTURE_AS = Message("Save the picture as {format}")
SCORES = Message("Scores")
HOW_MUCH = Message("How much changed")
STALE = Message("The inputs have changed since. Press the button to see what they give.")
TOPS = Message("The first ten of both")
TOPS_BELOW = Message("not among the first ten")
WAS_AT = Message("was {rank}")
NOW_AT = Message("now {rank}")
COLUMN_TOKENS = Message("Tokens read")
COLUMN_GRADE = Message("Grade")
COLUMN_PASSAGE = Message("Passage")
UNJUDGED = Message("unjudged")
SEARCH = Message("Search the passages")
FIELD_COLUMNS = Message("Fields as columns")
SORT_BY = Message("Sort by")
ROWS_NONE = Message("No passage contains these words.")
SHOW_ALL = Message("Show all {n} passages")
CLOSE = Message("Close")
CHOSEN = Message("Passage")
PANEL_EMPTY = Message("Choose a passage in any view.")
READ_ALL = Message("The model read all of it ({read} tokens with the query).")
READ_PART = Message("The model read {read} of {pair} tokens; what it did not read is underlined with dots.")
READ_WINDOWS = Message(
    "{windows} windows were scored; the best one is shown plainly, the rest is underlined with dots."
)
SHOWN_PART = Message("… shown here: the first {shown} of {total} characters.")
SIGMOID = Message("{p} on a scale of 0…1 (sigmoid)")

# links
COPY_LINK = Message("Copy link")
LINK_COPIED = Message("The link to what the inputs hold now is on the clipboard and in the address bar.")
LINK_IN_BAR = Message(
    "The link to what the inputs hold now is in the address bar. Copy it from there: the browser did not let it onto "
    "the clipboard."
)
LINK_WRONG = Message("The link cannot be opened, so this is the example. {reason}")
LINK_REFUSED = Message("The link cannot be opened. {reason}")
LINK_DOWNLOADS = Message(
    "This link asks for {models}, which would be downloaded. Press the button to go on; below is the example."
)
COMPARE_LINK_DOWNLOADS = Message("This link asks for {models}, which would be downloaded. Press Compare to go on.")
EVALUATE_LINK_DOWNLOADS = Message("This link asks for {models}, which would be downloaded. Press Evaluate to go on.")

# why
WHY = Message("Why this score?")
WHY_TERM = Message("Term")
WHY_WEIGHT = Message("Adds")
WHY_TERMS = Message(
    "The score is the sum of these weights. A rare term weighs more, every repeat adds less than the one "
    "before, and in a long passage all add less."
)
WHY_NO_TERMS = Message("The query has no term that BM25 counts, so every passage scores 0.")
WHY_WORD = Message("Left out")
WHY_FROM = Message("From")
WHY_EFFECT = Message("Effect")
WHY_OCCLUSION = Message(
    "Each word was left out once and the rest scored again; its effect is what the score lost. Blue words "
    "hold the score up, orange ones hold it down, darker is stronger. Effects do not add up: where two "
    "words say the same, either can be missed."
)
WHY_JOINED = Message("The passage is long: up to {words} neighbouring words were left out together.")
WHY_NOT = Message("Not taken apart: {labels}.")

# what it took
TOOK_FIRST = Message("First stage")
TOOK_TOKENISE = Message("Cutting the text into tokens")
TOOK_MODEL = Message("Scoring by the model")
TOOK_RATE = Message("Pairs per second")
TOOK_LOAD = Message("Loading the model (apart)")
TOOK_DEVICE = Message("Device and precision")
TOOK_PRICE = Message("Price of the requests")
TOOK_KEPT = Message("{kept} of {pairs} scores were known already and were not computed again.")
TOOK_EARLIER = Message("{pace}, in an earlier run of {pairs} pairs")
TOOK_NOTHING = Message("all scores kept from an earlier run")
TOOK_NOT_LOADED = Message("not loaded for this run")

# progress and errors
STOPPED = Message("Stopped. Nothing you typed is lost; what is shown is the run before.")
ERROR_HEAD = Message("That did not work")
NO_SUCH_EVENT = Message("The page has no such event. Load it anew; /gradio_api/info lists what programs can ask for.")
WRONG_ARGUMENTS = Message(
    "The endpoint lacks an argument, or has none of a name that was sent. /gradio_api/info lists them."
)
BUG = Message(
    "Something went wrong on our side, not yours. Nothing you typed is lost; try again, or try another "
    "model. The log of the app has the details."
)
NO_UPLOAD = Message(
    "There is no file here, or the server no longer keeps it. Upload it, or switch to “Paste” or “Collection”."
)
NOTHING_YET = Message("Press Rerank first: there is no result to download yet.")
PASTE_EMPTY = Message("Nothing pasted yet.")
OPTION_NOT_A_NUMBER = Message("{name} is empty. Write a number.")

# models tab
MODELS_INTRO = Message(
    "What runs here at once stands first: the models that come with this page, and those on this machine. Then come "
    "the published MS MARCO table and recent rerankers. A model that is not on this machine is downloaded when you "
    "press Rerank with it chosen, never before. NDCG@10 (TREC Deep Learning 2019) and MRR@10 (MS MARCO dev) are the "
    "published figures; documents per second were measured by its authors on a V100 and do not compare with times on "
    "this page."
)
USE_MODEL = Message("Use this")
USE_MODEL_NAMED = Message("Use {label} as the cross-encoder")
DOCS_PER_SECOND = Message("Docs/s, V100")
MODEL_COLUMNS = (
    ("name", Message("Model"), False, True),
    ("where", Message("Where"), False, True),
    ("size", Message("Parameters"), True, True),
    ("tokens", Message("Max tokens"), True, False),
    ("ndcg", Message("NDCG@10 DL19"), True, False),
    ("mrr", Message("MRR@10 dev"), True, False),
    ("speed", DOCS_PER_SECOND, True, False),
    ("licence", Message("Licence"), False, True),
    ("", Message("What is known"), False, True),
)
"""Key, heading, whether it holds numbers, and whether the first press sorts upwards."""
MODEL_ORDER = Message("what runs here first")
UNSTATED_LICENCE = Message("not stated; its code: Apache-2.0")
MODEL_LANGUAGES = {
    "English": Message("English"),
    "Multilingual": Message("Multilingual"),
    "Chinese and English": Message("Chinese and English"),
}
"""Of models, by what the catalog calls them."""

# compare: results
RANK_FLOW = Message("Rank flow")
FLOW_PART = Message(
    "Drawn: the {drawn} of {total} passages that are in any top {k} or moved most; below rank {k} the scale is "
    "logarithmic."
)
FLOW_KEYS = Message(
    "Tab enters a column; ↑ ↓ move in it, ← → follow the passage, Enter selects. Pointing at a line isolates it."
)
FLOW_END = Message("rank {rank} in {ranker}, {other_rank} in {other}, {change}: {name}")
FLOW_FIRST = Message("rank {rank} in {ranker}: {name}")
FLOW_EMPTY = Message("No ranking to draw yet.")
FAILED = Message("failed")
NOT_FOUND = Message("not found by {ranker}")
SHARED_RANK = Message("{rank}, shared by {count}")
UNFOUND = Message("Not found")
UNFOUND_HERE = Message("{count} not found")
END_UNFOUND = Message("{name}: rank {rank} for {ranker}, {other_rank} for {other}; – means not found")
DEPTH_UNFOUND = Message("rank {rank}, and no depth brings it, for {ranker} did not find it: {name}")
RESULT_TABLE = Message("All passages in all rankings")
COLUMN_SPREAD = Message("Spread")
SPREAD = Message("ranks {n} apart")
NOT_RERANKED = Message("not reranked at this depth")
JUDGE = Message("Your judgment (keys 0–3, Delete clears)")
GRADE_MEANINGS = {
    0: Message("not relevant"),
    1: Message("on the subject"),
    2: Message("relevant"),
    3: Message("answers it fully"),
}
"""What a grade means where the collection does not say."""
RANKER = Message("Ranker")
EXCHANGES = Message("Who enters and who leaves")
EXCHANGES_HELP = Message(
    "Passages in the first {k} of a ranker and not in those of {reference}, and the other way round."
)
ENTERED = Message("Enters")
LEFT = Message("Leaves")
NOT_IN_LIST = Message("not in the list of {ranker}")
AT_RANK_OF = Message("rank {rank} of {ranker}")
LISTS_OVERLAP = Message("{shared:,} in both lists, {own:,} only in {ranker}, {other:,} only in {reference}")
AGREEMENT = Message("Agreement")
AGREEMENT_ROWS = Message("Rows: the reference; columns: the other ranker.")
AGREEMENT_REFERENCE = Message("reference")
AGREEMENT_NONE = Message("Two rankings are needed to speak of agreement.")
UNDEFINED = Message("not defined")
CONTESTED = Message("Contested passages")
CONTESTED_MORE = Message("and {n} more, in the table of all passages")
SCORE_FACTS = Message("Margins and ties")
SCORE_FACTS_NOTE = Message(
    "A margin is in the units of its own ranker's scores: compare margins down a list, never across "
    "rankers of different kinds."
)
MARGIN = Message("Lead of the first")
MEDIAN_MARGIN = Message("Usual step to the next")
TIED = Message("Tied passages")
DISTINCT = Message("Distinct scores")
SCORED = Message("Scored")
SCORE_KIND = Message("Score")
DEPTH_TITLE = Message("Had fewer passages been reranked")
DEPTH_NOTE = Message(
    "How many of a ranker's top {k} the first stage ranks below that depth or does not find, so that reranking only "
    "so many would have missed them."
)
DEPTH_ENOUGH = Message("Enough for those found")
DEPTH_NOT_FOUND = Message("At no depth")
DEPTH_NONE = Message("Every ranker here is a first stage: no depth limits it.")
DEPTH_WHICH = Message("What would have been missed")
DEPTH_MISSED = Message("rank {rank}, first stage {first}: {name}")
WHAT_IF = Message("What the edit changed")
WHAT_IF_NONE = Message("No ranker has a ranking both before and after the edit.")
WHAT_IF_REST = Message("Not shown: {n} more passages, which moved least.")
QUERY_BEFORE = Message("Query before")
EDITED = Message("edited")
CAME_IN = Message("new")
WENT_OUT = Message("gone")
FAILURES = Message("Rankers that failed")
CARDS = Message("How to read each model's score")
NOT_KNOWN = Message("not known")
CARD_ID = Message("Model")
CARD_SHAPE = Message("Shape")
CARD_LAYERS = Message("{layers} layers, width {width}")
CARD_LABELS = Message("Outputs of the head")
CARD_SCORE = Message("The score is")
CARD_HEAD = Message("Head")
HEADS = {
    "CHECKPOINT": Message("as in the checkpoint"),
    "LINEAR": Message("dropout and one linear layer on [CLS]"),
    "BERT_CAT": Message("DistilBERT and one linear layer on [CLS]"),
}
CARD_ACTIVATION = Message("In sentence-transformers")
CARD_ACTIVATION_HERE = Message("{activation} by default; here the raw logit, any real number")
CARD_BACKEND = Message("Computed by")
BACKENDS = {
    "own forward": Message("this project's own forward pass"),
    "sentence-transformers": Message("the sentence-transformers library"),
}
CARD_PRECISION = Message("Number format")
CARD_TOKENIZER = Message("Tokenizer")
CARD_OWN_TOKENIZER = Message("its own")
CARD_LOWER = Message("lower case")
CARD_CASED = Message("cased")
CARD_LENGTH = Message("Longest pair")
CARD_TOKENS = Message("{read} tokens of {most}")
CARD_WINDOWS = Message("Long passages")
CARD_WINDOWED = Message("read in overlapping windows, best window counts")
CARD_CUT = Message("cut at the end")
CARD_REVISION = Message("Revision")
CARD_PARAMETERS = Message("Parameters")
CARD_MEMORY = Message("Memory of the weights")
CARD_LANGUAGE = Message("Language")
CARD_LICENCE = Message("Licence")
CARD_NOTES = Message("What is known")
JUDGED_FIGURES = Message("By the judgments")
JUDGED_GAIN = Message("Better by the judgments: {name} of {label} is {new}, before {old} ({difference})")
JUDGED_LOSS = Message("Worse by the judgments: {name} of {label} is {new}, before {old} ({difference})")
JUDGED_SAME = Message("By the judgments none is better: {name} is {value}")
JUDGED_BEST = Message("Best by the judgments: {label}, {name} {value}")
BEST = Message("best")
JUDGED_NOTE = Message(
    "Unjudged passages gain nothing; Judged@10 says which share of the top ten somebody judged. Passages with the same "
    "score count in the order in which they stand."
)
SPEED = Message("Speed on this list")
SPEED_MS = Message("Milliseconds a pair")
SPEED_MEMORY = Message("Memory")
SPEED_TOKENS = Message("Tokens")
SPEED_COMPUTED = Message("Pairs computed")
SPEED_LOAD = Message("Loading (apart)")
SPEED_NOTE = Message(
    "Measured on this machine, loading apart: in this run, or in the earlier one in which the ranker "
    "computed more pairs."
)
PUBLISHED = Message("Published, not measured here")
PUBLISHED_NOTE = Message(
    "Reranking the top 1,000 of TREC Deep Learning 2019 and MS MARCO dev; speed on a V100 as its authors "
    "measured it. None of it compares with the times above."
)


# evaluate
EVALUATE_SOURCE = Message("Queries and passages")
EVALUATE_UPLOAD_NONE = Message(
    "A BEIR folder as .zip; or corpus, queries and qrels as files (BEIR, TREC topics, SGML, TSV); or one "
    "table of questions, answers and labels. Without qrels you see how much rankers change and where, not "
    "which is better."
)
QRELS_NAME = Message("File of judgments, where there are several")
CANDIDATES = Message("Candidates")
CANDIDATES_GIVEN = Message("as they come, else BM25's best")
CANDIDATES_JUDGED = Message("the judged passages of each query")
CANDIDATES_RUN = Message("a TREC run file")
RUN_FILE = Message("Choose a run file")
RUN_FILE_NONE = Message(
    "Six columns on each line: query, Q0, passage, rank, score, tag; MS MARCO's three are understood too."
)
EVALUATE_DEPTH = Message("Candidates of each query, at most")
EVALUATE_RANKERS = Message("Rankers")
PRESET = Message("Published protocol")
PRESET_NONE = Message("none")
PRESET_INFO = Message("Sets depth, measures and grade, and shows the published value beside the measured one")
MEASURES = Message("Measures")
MEASURES_INFO = Message("Any cutoff can be typed: ndcg@20, p@5, r@1000")
RELEVANT_FROM = Message("Lowest grade that counts as relevant")
RELEVANT_FROM_INFO = Message("For MRR, MAP, P and R; changing it scores nothing again")
MOST_QUERIES = Message("Queries, from the first")
MOST_QUERIES_INFO = Message("0: all that are judged, or all where none is")
EVALUATE_OPTIONS = Message("Depth, measures, grade, protocol")
RUN_EVALUATE = Message("Evaluate")
EVALUATE_PREPARING = Message("Reading the collection and its candidates")
EVALUATE_TESTING = Message("Computing intervals and tests")
EVALUATE_STOPPED = Message(
    "Stopped. What is shown are the {done} of {total} queries that were done; the same run goes on "
    "without scoring them again."
)
EVALUATE_STOPPED_EMPTY = Message("Stopped before the first query was done. Nothing you chose is lost.")
EVALUATE_FIRST = Message("Press Evaluate first: there is no result yet.")
EVALUATE_QUESTION = Message("Does reranking pay on your queries?")
EVALUATE_EMPTY = Message(
    "One query is an anecdote. Choose a judged collection and rankers on the left and press Evaluate: you "
    "see how much better, on which queries, surely or by chance, at what cost, and what a score means. "
    "Queries without judgments work too: you see how much changes, and where."
)
NO_JUDGED_UPLOAD = Message(
    "There are no files here, or the server no longer keeps them. Upload passages and queries, better with judgments. "
    "Or take one of the collections here."
)
NO_RUN_FILE = Message("Choose a run file first, or other candidates.")
WRONG_NUMBER = Message("“{label}” is {found}. Write a whole number, {span}.")
ANSWER = Message("Does reranking pay?")
EVALUATED_ON = Message("Evaluated on")
PARTIAL = Message("partial")
EVALUATE_PARTIAL = Message("{done} of {total} queries: the work was stopped before the end.")
SO_FAR = Message("{measure} so far, over {done} of {total} queries")
QUERIES = Message("Queries")
UP_TO_CANDIDATES = Message("up to {depth} candidates each")
BETTER_AND_WORSE = Message("Better · worse on")
EQUAL = Message("equal on {n}")
TIME_PER_QUERY = Message("Time a query")
ALL_KNOWN = Message("never measured on this machine")
MEASURED_EARLIER = Message("in an earlier run on this machine")
RANKERS_COMPARED = Message("All rankers")
EVALUATION_CHARTS = Message("Query by query, depth and time")
MEANING = Message("What a score means")
RANKERS_BY_MEASURES = Message("Rankers by measures")
AGAINST = Message("{measure} against {baseline}")
CHANCE = Message("By chance? How large?")
CHANCE_MEANING = Message(
    "p is how often so large a difference comes about if each query's two results are swapped at random: below 0.05 is "
    "hardly chance. It is raised for the number of rankers (Holm). The effect is the mean difference over its standard "
    "deviation: 0.2 is small, 0.8 large."
)
BASELINE = Message("baseline")
PUBLISHED_VALUE = Message("published {value}")
SIGNIFICANT_MARK = Message("differs from the baseline, corrected p < 0.05")
TABLE_KEY = Message(
    "Means with 95 % bootstrap intervals over queries; bold: the best. † differs from {baseline}: paired "
    "randomisation test, p after Holm's correction below 0.05. ▲ better, ▼ worse, ● equal queries. Binary "
    "measures count grades from {grade}."
)
SLICES = Message("By a field")
SLICES_EMPTY = Message("Choose a field: each of its values then has figures of its own.")
SLICES_BY_QUERY = Message("{measure}, means over the queries of each value; the baseline is {baseline}.")
SLICES_BY_PASSAGE = Message(
    "{measure}, as if the collection had only the passages of one value; queries without a relevant one among them do "
    "not count. The baseline is {baseline}."
)
SLICE_BY = Message("Field")
SLICE_NONE = Message("none")
SLICE_QUERIES = Message("{name} (queries)")
SLICE_PASSAGES = Message("{name} (passages)")
SLICE_ONLY = Message("Evaluate only the queries with")
SLICE_EVERY = Message("any value")
WITHIN = Message("queries with {name} “{value}” alone count: {queries:,} of {of:,}")
LOOK_MEASURE = Message("Measure")
LOOK_BASELINE = Message("Baseline")
LOOK_RANKER = Message("Ranker to look at")
UNJUDGED_TOO = Message("Unjudged passages count as irrelevant")
UNJUDGED_TOO_INFO = Message("For scores by grade, threshold and calibration")
OWN = Message("Count my own judgments")
OWN_INFO = Message("Made in Rerank or Compare; then only judged queries count")
OWN_COUNT = Message("your own judgments count; what you did not judge gains nothing")
THRESHOLD = Message("Keep passages that score … or more")
CHANCE_AT = Message("At {score}, a passage is relevant with probability {platt} (Platt) or {isotonic} (isotonic).")
BEST_F1 = Message("Precision and recall balance best (F1) at {score}.")
FITTED_ON = Message("From {n} scored passages, {relevant} of them relevant.")
UNJUDGED_COUNT = Message("Unjudged ones count as irrelevant.")
PLATT_FORMULA = Message("Score to probability (Platt):")
NO_CALIBRATION = Message(
    "Only one kind of passage is judged here, so no score can be given a meaning. Count unjudged passages "
    "as irrelevant, or choose another grade."
)
QUERIES_BY_GAIN = Message("the greatest gain first")
QUERIES_BY_AGREEMENT = Message("the least agreement first")
QUERIES_ORDER = Message("Queries sorted by")
ORDER_GAIN = Message("gain and loss")
ORDER_AGREEMENT = Message("least agreement")
AGREEMENT_RBO = Message("Agreement (RBO)")
RBO_TITLE = Message("Agreement of the two orders, 0…1: rank-biased overlap, in which the top counts most")
FIRST_COLUMN = Message("First")
OTHER_FIRST = Message("another")
SAME_FIRST = Message("the same")
OTHER_FIRST_ON = Message("Another passage first")
OF_QUERIES = Message("of {n} queries")
NEW_IN_TEN = Message("New in the first 10")
MEAN_OF_QUERIES = Message("mean over queries")
RANKERS_BY_CHANGES = Message("What each ranker changes")
CHANGES_KEY = Message(
    "Against {baseline}: mean agreement of the two orders (rank-biased overlap, 0…1; the top counts "
    "most), mean number of passages among the first ten that are not among {baseline}'s, and queries on "
    "which another passage is first. Much change is not much good: open queries where it is great, and "
    "judge there."
)
WHAT_CHANGES = Message("What changes?")
QUERIES_OPEN = Message("; a query opens in Rerank")
QUERIES_BETWEEN = Message("… {n} queries between; all of them are in the CSV")
WALK = Message("The queries of the evaluation, in the order of its list")
PREVIOUS_QUERY = Message("Previous query")
NEXT_QUERY = Message("Next query")
BACK_TO_EVALUATION = Message("Back to the evaluation")
OPEN_IN_RERANK = Message("Open this query in Rerank, with its judgments")
OPENED_FROM = Message("From the Evaluate tab: {name}, {passages} passages")
OPENED_CANDIDATES = Message("From the Evaluate tab: {name}, the {candidates} candidates of this query from the run")
CANDIDATES_DIFFER = Message("Other candidates than in the evaluation: here {label} finds them among all passages.")
RUN_TOO_LARGE = Message(
    "The run has {lines} lines; the page gives at most {most}. Take fewer queries or candidates, or run "
    "python -m demo.evaluate, which writes every run."
)
EVALUATE_FILES = {
    "run": Message("TREC run"),
    "runs": DOWNLOAD_RUNS,
    "csv": Message("Queries, CSV"),
    "json": Message("All, JSON"),
    "markdown": Message("Table, Markdown"),
    "latex": Message("Table, LaTeX"),
    "calibration": Message("Calibration, JSON"),
    "quepid": Message("Judgments, Quepid CSV"),
    "qrels": Message("Judgments, JSONL"),
    "rank_llm": Message("Candidates, RankLLM JSONL"),
    "set": DOWNLOAD_SET,
    "beir": DOWNLOAD_BEIR,
    "mteb": Message("Result, MTEB JSON"),
}


class Labels:
    """Static labels that gradio translates in the browser; each is registered when it is first used.

    `labels(text)` stands where a component takes a label; `labels.i18n()` goes to `launch` once the page is built.
    """

    def __init__(self) -> None:
        self._keys: dict[Message, str] = {}

    def __call__(self, text: Message) -> I18nData:
        """The label in the language of the visitor's browser."""
        return I18nData(self._keys.setdefault(text, f"label-{len(self._keys)}"))

    def text(self, component: Any) -> Message | str:
        """What the component is called: its label, else the id of its element or of what the browser keeps."""
        label = getattr(component, "label", None)
        if isinstance(label, I18nData):
            return next(text for text, key in self._keys.items() if key == label.key)
        return str(label or component.elem_id or component.storage_key)

    def i18n(self) -> gr.I18n:
        """Every label used so far, in every locale that a browser may ask for; other locales fall back to English."""
        return gr.I18n(
            **{
                locale: {key: text.to(language) for text, key in self._keys.items()}
                for language in languages()
                for locale in locales(language)
            }
        )


LANGUAGE_COOKIE = "lens-language"
"""What the page's own switch sets; it goes before what the browser asks for."""


def language_of(request: gr.Request | Request | None) -> Language:
    """The language that the visitor chose, else the one that the browser asks for first, if the page speaks it."""
    headers: Mapping[str, str] = {} if request is None else request.headers
    chosen = cookie_parser(str(headers.get("cookie", ""))).get(LANGUAGE_COOKIE)
    asked = chosen or str(headers.get("accept-language", ""))
    first = asked.split(",")[0].split(";")[0].split("-")[0].strip().lower()
    return first if first in languages() else ENGLISH
