"""Every sentence and label of the page, English and Simplified Chinese side by side.

Static labels go through `Labels`: gradio picks the language in the browser. Text that the server makes into HTML
goes through `Text.to(language)`. Sentences that belong to a lower layer (errors, a collection's card, a format's help)
live there, as `Text` as well.
"""

from __future__ import annotations

import gradio as gr
from gradio.i18n import I18nData

from demo.language import Language, Text

TITLE = Text("Rerank Lens", "Rerank Lens 重排透镜")
TAGLINE = Text(
    "See what a cross-encoder changes in a BM25 ranking, by how much, why, and at what cost.",
    "看看交叉编码器（cross-encoder）在 BM25 排序上改变了什么、改变多少、原因何在、代价多大。",
)
TAB_RERANK = Text("Rerank", "重排")
TAB_COMPARE = Text("Compare", "对比")
TAB_EVALUATE = Text("Evaluate", "评测")
TAB_MODELS = Text("Models", "模型")
TAB_ABOUT = Text("About", "关于")

# inputs
QUERY = Text("Query", "查询")
QUERY_PLACEHOLDER = Text("A question or a few words", "一个问题或几个词")
QUERY_INFO = Text("Ctrl/⌘ + Enter reranks", "Ctrl/⌘ + Enter 即可重排")
EXAMPLE_QUERIES = Text("Queries of this collection", "该集合自带的查询")
SOURCE_COLLECTION = Text("Collection", "集合")
SOURCE_PASTE = Text("Paste", "粘贴")
SOURCE_UPLOAD = Text("Upload", "上传")
COLLECTION = Text("Passages from", "段落来自")
COLLECTION_SIZE = Text(
    "{passages} passages, {queries} judged queries, {licence}; what the grades mean",
    "{passages} 个段落，{queries} 个有判定的查询，{licence}；相关度的含义",
)
PASTE = Text("Passages", "段落")
PASTE_PLACEHOLDER = Text(
    "One passage per line, or separated by blank lines; id⇥text, JSON, JSONL and CSV are understood too",
    "每行一个段落，或以空行分隔；也支持 id⇥文本、JSON、JSONL 和 CSV",
)
PASTE_FORMAT = Text("Read as", "读取方式")
FORMAT_AUTO = Text("Most plausible reading", "自动判断")
FORMATS_KNOWN = Text("What is understood", "支持的格式")
UPLOAD_BUTTON = Text("Choose files", "选择文件")
UPLOAD_NONE = Text(
    "Text, Markdown, CSV, TSV, JSON, JSONL (each also .gz), PDF, DOCX, a BEIR folder as .zip, or a search response of "
    "Elasticsearch, OpenSearch or Solr. Several files at once are fine.",
    "文本、Markdown、CSV、TSV、JSON、JSONL（均可为 .gz）、PDF、DOCX、打包成 .zip 的 BEIR 目录，或 Elasticsearch、"
    "OpenSearch、Solr 的搜索响应。可一次选择多个文件。",
)
MODEL = Text("Cross-encoder", "交叉编码器")
MODEL_INFO = Text("Any hub id or local folder works as well", "也可以填写任意 Hub 模型名或本地目录")
MODEL_BUNDLED = Text("bundled", "内置")
MODEL_CACHED = Text("on this machine", "已在本机")
MODEL_LOCAL = Text("own folder", "本地目录")
MODEL_DOWNLOAD = Text("downloads {size}", "需下载 {size}")
MODEL_DOWNLOAD_UNKNOWN = Text("downloads", "需下载")
OPTIONS = Text("First stage", "第一阶段")
FIRST_STAGE = Text("Candidates come from", "候选段落来自")
FIRST_STAGE_BM25 = Text("BM25", "BM25")
FIRST_STAGE_ENGINE = Text("The engine's own scores", "搜索引擎自己的得分")
VARIANT = Text("BM25 variant", "BM25 变体")
STOP_WORDS = Text("Leave out stop words", "去除停用词")
STEMMER = Text("Stemming", "词干提取")
STEMMER_NONE = Text("none", "无")
DEPTH = Text("Passages to rerank", "重排的段落数")
DEPTH_INFO = Text(
    "Taken from the top of the first stage; 0: as many as allowed", "取第一阶段的前若干个；0 表示尽可能多"
)
WINDOWS = Text("Score long passages in overlapping windows", "长段落分重叠窗口打分")
WINDOWS_INFO = Text("The best window counts (MaxP); otherwise the end is cut", "取最好的窗口（MaxP）；否则截去结尾")
PRECISION = Text("Precision", "精度")
PRECISION_INFO = Text(
    "fp32 is exact. bf16 is faster on processors that have it and moves scores a little: on the bundled weights its order "
    "agrees with fp32's with a Kendall τ of 0.99. fp16 needs a GPU.",
    "fp32 为精确结果。bf16 在支持它的处理器上更快，得分略有变动：在内置权重上，其排序与 fp32 的 Kendall τ 为 0.99。"
    "fp16 需要 GPU。",
)
MODEL_OPTIONS = Text("Long passages and precision", "长段落与精度")
RUN = Text("Rerank", "重排")
STOP = Text("Stop", "停止")

# judging by hand
JUDGING = Text("Judgments by hand", "人工判定")
JUDGING_HELP = Text(
    "Choose a passage and press 0–3, or a grade in its panel. Judgments stay while this page is open; save them as "
    "qrels to keep them.",
    "选中一个段落后按 0–3，或在其面板中选择等级。判定在本页打开期间保留；如需长期保存，请另存为 qrels。",
)
JUDGING_LOAD = Text("Load qrels", "载入 qrels")
JUDGING_SAVE = Text("Save as qrels", "另存为 qrels")
JUDGING_LOADED = Text("Loaded. Judgments by hand: {n}.", "已载入。人工判定共 {n} 条。")
NO_JUDGMENTS = Text(
    "Nothing was judged by hand yet. Choose a passage and press 0, 1, 2 or 3.",
    "尚无人工判定。请选中一个段落并按 0、1、2 或 3。",
)

# compare: inputs and controls
RANKERS = Text("Rankers, one column each", "排序器（每个一列）")
RANKERS_INFO = Text(
    "In the order chosen. Type a hub id, a folder, or a form such as bm25[k1=1.2] or rrf(bm25+bundled/tiny)",
    "按选择的顺序排列。也可输入模型库 id、目录，或 bm25[k1=1.2]、rrf(bm25+bundled/tiny) 之类的写法",
)
RUN_COMPARE = Text("Compare", "对比")
ADD_RANKER = Text("Add a model with options", "添加带选项的模型")
ADD = Text("Add to the rankers", "添加到排序器")
MAX_TOKENS = Text("Maximum length in tokens", "最大长度（词元）")
MAX_TOKENS_INFO = Text("Query and passage together; 0: the model's own", "查询与段落合计；0 表示模型自身的上限")
NO_MODEL = Text("Choose a model to add.", "请选择要添加的模型。")
DEPTH_AND_FUSION = Text("Depth and fusion", "深度与融合")
DEPTH_SLIDER = Text("Rerank the first stage's top …", "重排第一阶段的前……个")
DEPTH_SLIDER_INFO = Text("The rest keep their places; nothing is scored again", "其余保持原位；不会重新打分")
FUSION = Text("Fusion of all rankers", "融合全部排序器")
FUSION_INFO = Text("Adds one more column, with the weights below", "按下方权重增加一列")
FUSIONS = {
    "": Text("none", "无"),
    "rrf": Text("reciprocal rank (RRF)", "倒数名次（RRF）"),
    "min-max": Text("weighted sum after min–max", "最小–最大后加权求和"),
    "z": Text("weighted sum after z", "z 标准化后加权求和"),
}
FUSION_K = Text("k of RRF: the larger, the less the top counts", "RRF 的 k：越大，头部的作用越小")
AGREEMENT_BY = Text("Agreement measured by", "一致性度量")
REFERENCE = Text("Reference ranker", "参考排序器")
SPEED_AXIS = Text("Speed against", "速度对照")
SPEED_AGAINST = {
    "agreement": Text("agreement with the reference", "与参考排序器的一致性"),
    "NDCG@10": Text("NDCG@10, where judged", "NDCG@10（有判定时）"),
}
COMPARE_QUESTION = Text("Where do the rankers part?", "排序器在哪里出现分歧？")
COMPARE_EMPTY = Text(
    "Choose up to eight rankers on the left and press Compare: you see how ranks flow from one to the next, on which passages they disagree and which kind of ranker stands alone, how far they agree, and what each of them takes.",
    "请选择至多八个排序器，然后点击“对比”：可以看到名次如何在它们之间流动、它们在哪些段落上有分歧、哪一类排序器与众不同、彼此有多一致，以及各自的代价。",
)
COMPARE_FIRST = Text("Press Compare first: there is no result yet.", "请先点击“对比”：还没有结果。")
EDIT = Text("What if the query or a passage were different?", "如果查询或段落有所不同？")
EDIT_QUERY = Text("Query to try", "试用的查询")
EDIT_PASSAGE = Text("Passage to edit", "要编辑的段落")
EDIT_TEXT = Text("Its text to try", "试用的段落文本")
EDIT_RUN = Text("Rank again and show both", "重新排序并对照")
NOTHING_EDITED = Text(
    "Nothing is different yet. Change the query, or choose a passage and change its text.",
    "尚无改动。请修改查询，或选择一个段落并修改其文本。",
)

# results
SCALE = Text("Scores as", "得分显示为")
RANK_CHANGE = Text("Ranking change", "排序变化")
RANKING = Text("All passages", "全部段落")
TIME = Text("What it took", "耗时")
DOWNLOAD_CSV = Text("Download CSV", "下载 CSV")
DOWNLOAD_JSON = Text("Download JSON", "下载 JSON")
DOWNLOAD_HTML = Text("Download HTML", "下载 HTML")
DOWNLOAD_CODE = Text("Python code", "Python 代码")
SAVED_ON = Text("Saved on {time} UTC.", "保存于 {time} UTC。")
SAVED_WITH = Text("Made with {versions}.", "所用版本：{versions}。")
SAVED_WHOLE = Text(
    "This file needs no server: passages, scores, charts and the data behind them are in it.",
    "此文件不需要服务器：段落、得分、图表及其数据都在其中。",
)
QUERY_WAS = Text("Query", "查询")
TRAP = Text("What to look for", "看点")
WARNINGS = Text("Before you trust the picture", "看图之前请注意")
MOVED_UP = Text("moved up", "上升")
MOVED_DOWN = Text("moved down", "下降")
NOT_MOVED = Text("stayed", "不变")
SLOPE_KEYS = Text(
    "Tab into the chart, then arrow keys; Enter selects. Pointing at a line isolates it.",
    "用 Tab 进入图表，方向键移动，Enter 选中；指向一条线可单独突出。",
)
SLOPE_PART = Text(
    "Drawn: the {drawn} passages that are in either top {k}, of {total}; below rank {k} the scale is logarithmic.",
    "图中为任一方前 {k} 名中的 {drawn} 个段落（共 {total} 个）；第 {k} 名以后为对数刻度。",
)
TICK = Text("rank {rank}", "第 {rank} 名")
END_BEFORE = Text(
    "rank {rank} before, now {other_rank}, {change}: {name}", "原第 {rank} 名，现第 {other_rank} 名，{change}：{name}"
)
END_AFTER = Text(
    "rank {rank}, was {other_rank}, {change}: {name}", "第 {rank} 名，原第 {other_rank} 名，{change}：{name}"
)
COLUMN_RANK = Text("Rank", "名次")
COLUMN_CHANGE = Text("Change", "变化")
COLUMN_WAS = Text("Was", "原名次")
COLUMN_TOKENS = Text("Tokens read", "读取词元")
COLUMN_GRADE = Text("Grade", "相关度")
COLUMN_PASSAGE = Text("Passage", "段落")
CROSS_ENCODER = Text("Cross-encoder", "交叉编码器")
UNJUDGED = Text("unjudged", "未判定")
SEARCH = Text("Search the passages", "搜索段落")
SORT_BY = Text("Sort by", "排序方式")
ROWS_NONE = Text("No passage contains these words.", "没有段落包含这些词。")
SHOW_ALL = Text("Show all {n} passages", "显示全部 {n} 个段落")
CLOSE = Text("Close", "关闭")
CHOSEN = Text("Passage", "段落")
PANEL_EMPTY = Text("Choose a passage in any view.", "在任一视图中选择一个段落。")
READ_ALL = Text(
    "The model read all of it ({read} tokens with the query).", "模型读取了全文（连同查询共 {read} 个词元）。"
)
READ_PART = Text(
    "The model read {read} of {pair} tokens; what it did not read is underlined with dots.",
    "模型只读取了 {pair} 个词元中的 {read} 个；未读部分以点线标出。",
)
READ_WINDOWS = Text(
    "{windows} windows were scored; the best one is shown plainly, the rest is underlined with dots.",
    "共为 {windows} 个窗口打分；正常显示的是得分最高的窗口，其余以点线标出。",
)
SHOWN_PART = Text(
    "… shown here: the first {shown} of {total} characters.", "……此处只显示前 {shown} 个字符，共 {total} 个。"
)
SIGMOID = Text("sigmoid {p}", "sigmoid {p}")

# links
COPY_LINK = Text("Copy link", "复制链接")
LINK_COPIED = Text(
    "The link is in the address bar and, if the browser allows, on the clipboard.",
    "链接已写入地址栏；若浏览器允许，也已复制到剪贴板。",
)
LINK_WRONG = Text(
    "The link cannot be opened, so this is the example. {reason}", "无法打开此链接，因此显示示例。{reason}"
)
LINK_DOWNLOADS = Text(
    "This link asks for {models}, which would be downloaded. Press the button to go on; below is the example.",
    "此链接需要下载 {models}。如要继续，请按按钮；下方为示例。",
)

# why
WHY = Text("Why this score?", "为什么是这个得分？")
WHY_TERM = Text("Term", "词项")
WHY_WEIGHT = Text("Adds", "贡献")
WHY_TERMS = Text(
    "The score is the sum of these weights. A rare term weighs more, every repeat adds less than the one before, and in "
    "a long passage all add less.",
    "得分就是这些权重之和：词越少见权重越大，重复出现的增益递减，段落越长增益越小。",
)
WHY_NO_TERMS = Text(
    "The query has no term that BM25 counts, so every passage scores 0.",
    "查询中没有 BM25 计入的词项，所有段落得分为 0。",
)
WHY_WORD = Text("Left out", "去掉的词")
WHY_FROM = Text("From", "所在")
WHY_EFFECT = Text("Effect", "影响")
WHY_OCCLUSION = Text(
    "Each word was left out once and the rest scored again; its effect is what the score lost. Blue words hold the score "
    "up, orange ones hold it down, darker is stronger. Effects do not add up: where two words say the same, either "
    "can be missed.",
    "逐一去掉每个词后重新打分，得分的减少量即为该词的影响。蓝色的词抬高得分，橙色的词拉低得分，颜色越深影响越大。"
    "各词的影响不能相加：若两个词意思相同，去掉其中任何一个都看不出差别。",
)
WHY_JOINED = Text(
    "The passage is long: up to {words} neighbouring words were left out together.",
    "段落较长：每次一并去掉最多 {words} 个相邻的词。",
)
WHY_NOT = Text("Not taken apart: {labels}.", "未作分解：{labels}。")

# what it took
TOOK_FIRST = Text("First stage", "第一阶段")
TOOK_TOKENISE = Text("Tokenising", "分词")
TOOK_MODEL = Text("Model", "模型计算")
TOOK_RATE = Text("Pairs per second", "每秒打分对数")
TOOK_LOAD = Text("Loading the model (apart)", "加载模型（另计）")
TOOK_DEVICE = Text("Device and precision", "设备与精度")
TOOK_KEPT = Text(
    "{kept} of {pairs} scores were known already and were not computed again.",
    "{pairs} 个得分中有 {kept} 个此前已算出，未重复计算。",
)
TOOK_EARLIER = Text("{pace}, in an earlier run of {pairs} pairs", "{pace}（此前一次 {pairs} 对的运行）")
TOOK_NOTHING = Text("all scores kept from an earlier run", "全部得分来自此前的运行")
TOOK_NOT_LOADED = Text("not loaded for this run", "本次运行未加载")

# progress and errors
STOPPED = Text(
    "Stopped. Nothing you typed is lost; the picture below is the run before.",
    "已停止。您输入的内容都还在；下面仍是上一次的结果。",
)
ERROR_HEAD = Text("That did not work", "未能完成")
BUG = Text(
    "Something went wrong on our side, not yours. Nothing you typed is lost; try again, or try another model. "
    "The log of the app has the details.",
    "这是程序的问题，不是您的问题。您输入的内容都还在；请重试，或换一个模型。详情见程序日志。",
)
NO_UPLOAD = Text("Choose a file first, or switch to “Paste” or “Collection”.", "请先选择文件，或切换到“粘贴”或“集合”。")
NOTHING_YET = Text("Press Rerank first: there is no result to download yet.", "请先点击“重排”：还没有可下载的结果。")
PASTE_EMPTY = Text("Nothing pasted yet.", "尚未粘贴内容。")
OPTION_NOT_A_NUMBER = Text("{name} is empty. Write a number.", "{name} 为空。请填写一个数字。")

# models tab
MODELS_INTRO = Text(
    "Every model of the published MS MARCO table, and the ones that come with this page. A model that is not on this "
    "machine is downloaded when you press Rerank with it chosen, never before. NDCG@10 (TREC Deep Learning 2019) and "
    "MRR@10 (MS MARCO dev) are the published figures; documents per second were measured by its authors on a V100 and "
    "do not compare with times on this page.",
    "已发表的 MS MARCO 表中的全部模型，以及本页自带的模型。不在本机的模型只有在您选中并点击“重排”时才会下载。"
    "NDCG@10(TREC Deep Learning 2019)与 MRR@10(MS MARCO dev)为已发表的数值；每秒文档数由其作者在 V100 上测得，"
    "不能与本页的耗时相比。",
)
MODEL_COLUMNS = (
    Text("Model", "模型"),
    Text("Where", "位置"),
    Text("Shape, layers × width", "结构，层数 × 宽度"),
    Text("Score is", "得分取自"),
    Text("Max tokens", "最大词元数"),
    Text("NDCG@10 DL19", "NDCG@10 DL19"),
    Text("MRR@10 dev", "MRR@10 dev"),
    Text("Docs/s, V100", "文档/秒，V100"),
    Text("Licence", "许可证"),
    Text("What is known", "已知情况"),
)

# compare: results
RANK_FLOW = Text("Rank flow", "名次流向")
FLOW_PART = Text(
    "Drawn: the {drawn} passages that are in any top {k}, of {total}; below rank {k} the scale is logarithmic.",
    "图中为任一排序前 {k} 名中的 {drawn} 个段落（共 {total} 个）；第 {k} 名以后为对数刻度。",
)
FLOW_KEYS = Text(
    "Tab enters a column; ↑ ↓ move in it, ← → follow the passage, Enter selects. Pointing at a line isolates it.",
    "用 Tab 进入一列；↑ ↓ 在列中移动，← → 跟随同一段落，Enter 选中；指向一条线可单独突出。",
)
FLOW_END = Text(
    "rank {rank} in {ranker}, {other_rank} in {other}, {change}: {name}",
    "{ranker} 第 {rank} 名，{other} 第 {other_rank} 名，{change}：{name}",
)
FLOW_FIRST = Text("rank {rank} in {ranker}: {name}", "{ranker} 第 {rank} 名：{name}")
FLOW_EMPTY = Text("No ranking to draw yet.", "还没有可画的排序。")
FAILED = Text("failed", "失败")
LINEUP_TABLE = Text("All passages in all rankings", "全部段落在各排序中的名次")
COLUMN_SPREAD = Text("Spread", "名次差")
SPREAD = Text("ranks {n} apart", "名次相差 {n}")
NOT_RERANKED = Text("not reranked at this depth", "未进入该重排深度")
JUDGE = Text("Your judgment (keys 0–3, Delete clears)", "您的判定（按键 0–3，Delete 清除）")
GRADES = {
    0: Text("not relevant", "不相关"),
    1: Text("on the subject", "主题相关"),
    2: Text("relevant", "相关"),
    3: Text("answers it fully", "完全解答"),
}
"""What a grade means where the collection does not say."""
RANKER = Text("Ranker", "排序器")
AGREEMENT = Text("Agreement", "一致性")
AGREEMENT_ROWS = Text("Rows: the reference; columns: the other ranker.", "行为参照，列为另一个排序器。")
AGREEMENT_REFERENCE = Text("reference", "参照")
AGREEMENT_NONE = Text("Two rankings are needed to speak of agreement.", "至少需要两个排序才能谈一致性。")
UNDEFINED = Text("not defined", "无定义")
CONTESTED = Text("Contested passages", "有分歧的段落")
CONTESTED_MORE = Text("and {n} more, in the table below", "另有 {n} 个，见下方表格")
SCORE_FACTS = Text("Margins and ties", "分差与并列")
SCORE_FACTS_NOTE = Text(
    "A margin is in the units of its own ranker's scores: compare margins down a list, never across rankers of "
    "different kinds.",
    "分差以各排序器自己的得分为单位：可在同一列表内比较，不可在不同种类的排序器之间比较。",
)
MARGIN = Text("Rank 1 − rank 2", "第 1 名 − 第 2 名")
MEDIAN_MARGIN = Text("Median step", "相邻分差中位数")
TIED = Text("Tied passages", "并列段落")
DISTINCT = Text("Different scores", "不同得分")
SCORED = Text("Scored", "已打分")
SCORE_KIND = Text("Score", "得分")
DEPTH_TITLE = Text("Had fewer passages been reranked", "如果重排得更少")
DEPTH_NOTE = Text(
    "How many of a ranker's top {k} the first stage ranks below that depth, so that reranking only so many would have "
    "missed them.",
    "某排序器的前 {k} 名中，有多少个在第一阶段排在该深度之后；若只重排到该深度，就会错过它们。",
)
DEPTH_ENOUGH = Text("Enough", "足够深度")
DEPTH_NONE = Text("Every ranker here is a first stage: no depth limits it.", "这里的排序器都是第一阶段，不受深度限制。")
DEPTH_WHICH = Text("What would have been missed", "会错过的段落")
DEPTH_MISSED = Text("rank {rank}, first stage {first}: {name}", "第 {rank} 名，第一阶段第 {first} 名：{name}")
WHAT_IF = Text("What the edit changed", "修改带来的变化")
WHAT_IF_NONE = Text("No ranker has a ranking both before and after the edit.", "没有排序器在修改前后都有排序。")
WHAT_IF_REST = Text("Not shown: {n} more passages, which moved least.", "另有 {n} 个段落变化最小，未显示。")
QUERY_BEFORE = Text("Query before", "原查询")
EDITED = Text("edited", "已修改")
CAME_IN = Text("new", "新进入")
WENT_OUT = Text("gone", "已退出")
FAILURES = Text("Rankers that failed", "失败的排序器")
CARDS = Text("How to read each model's score", "如何读每个模型的得分")
NOT_KNOWN = Text("not known", "未知")
CARD_ID = Text("Model", "模型")
CARD_SHAPE = Text("Shape", "结构")
CARD_LAYERS = Text("{layers} layers, width {width}", "{layers} 层，宽度 {width}")
CARD_LABELS = Text("Outputs of the head", "分类头输出数")
CARD_SCORE = Text("The score is", "得分取自")
CARD_HEAD = Text("Head", "分类头")
HEADS = {
    "CHECKPOINT": Text("as in the checkpoint", "与检查点一致"),
    "LINEAR": Text("dropout and one linear layer on [CLS]", "dropout 与 [CLS] 上的一个线性层"),
    "BERT_CAT": Text("DistilBERT and one linear layer on [CLS]", "DistilBERT 与 [CLS] 上的一个线性层"),
}
CARD_ACTIVATION = Text("In sentence-transformers", "在 sentence-transformers 中")
CARD_ACTIVATION_HERE = Text(
    "{activation} by default; here the raw logit, any real number", "默认 {activation}；这里是原始 logit，可为任意实数"
)
CARD_ENGINE = Text("Computed by", "计算方式")
ENGINES = {
    "own forward": Text("this project's own forward pass", "本项目自己的前向计算"),
    "transformers": Text("the transformers library", "transformers 库"),
}
CARD_PRECISION = Text("Precision", "精度")
CARD_TOKENIZER = Text("Tokenizer", "分词器")
CARD_OWN_TOKENIZER = Text("its own", "自带")
CARD_LOWER = Text("lower case", "转为小写")
CARD_CASED = Text("cased", "区分大小写")
CARD_LENGTH = Text("Longest pair", "最长文本对")
CARD_TOKENS = Text("{read} tokens of {most}", "{read} 个词元（上限 {most}）")
CARD_WINDOWS = Text("Long passages", "长段落")
CARD_WINDOWED = Text("read in overlapping windows, best window counts", "分重叠窗口读取，取最高分窗口")
CARD_CUT = Text("cut at the end", "截去结尾")
CARD_REVISION = Text("Revision", "版本")
CARD_PARAMETERS = Text("Parameters", "参数量")
CARD_MEMORY = Text("Memory of the weights", "权重占用内存")
CARD_LANGUAGE = Text("Language", "语言")
CARD_LICENCE = Text("Licence", "许可证")
CARD_NOTES = Text("What is known", "已知情况")
JUDGED_FIGURES = Text("By the judgments", "按判定计算")
JUDGED_NOTE = Text(
    "Unjudged passages gain nothing; Judged@10 says which share of the top ten somebody judged.",
    "未判定的段落不计增益；Judged@10 表示前 10 名中已判定的比例。",
)
SPEED = Text("Speed on this list", "本列表上的速度")
SPEED_MS = Text("Milliseconds a pair", "每对毫秒数")
SPEED_MEMORY = Text("Memory", "内存")
SPEED_TOKENS = Text("Tokens", "词元数")
SPEED_COMPUTED = Text("Pairs computed", "计算的对数")
SPEED_LOAD = Text("Loading (apart)", "加载（另计）")
SPEED_NOTE = Text(
    "Measured on this machine, loading apart: in this run, or in the earlier one in which the ranker computed more pairs.",
    "在本机实测，加载不计入：取自本次运行，或取自该排序器此前计算对数更多的一次运行。",
)
PUBLISHED = Text("Published, not measured here", "已发表的数值，非本机测得")
PUBLISHED_NOTE = Text(
    "Reranking the top 1,000 of TREC Deep Learning 2019 and MS MARCO dev; speed on a V100 as its authors measured it. "
    "None of it compares with the times above.",
    "重排 TREC Deep Learning 2019 与 MS MARCO dev 的前 1,000 个段落；速度由作者在 V100 上测得。均不可与上面的耗时相比。",
)


# evaluate
EVALUATE_SOURCE = Text("Queries and passages", "查询与段落")
EVALUATE_UPLOAD_NONE = Text(
    "A BEIR folder as .zip; or corpus, queries and qrels as files (BEIR, TREC topics, SGML, TSV); or one table of questions, answers and labels. Without qrels you see how much rankers change and where, not which is better.",
    "打包成 .zip 的 BEIR 目录；或语料、查询和 qrels 文件（BEIR、TREC topics、SGML、TSV）；或一个含问题、答案和标注的表格。没有 qrels 时，只能看到排序变化多大、在哪里变化，看不出孰优孰劣。",
)
QRELS_NAME = Text("File of judgments, where there are several", "判断文件（有多个时）")
CANDIDATES = Text("Candidates", "候选段落")
CANDIDATES_GIVEN = Text("as they come, else BM25's best", "随集合提供，否则取 BM25 的最佳")
CANDIDATES_BM25 = Text("BM25's best", "BM25 的最佳")
CANDIDATES_JUDGED = Text("the judged passages of each query", "每个查询已判断的段落")
CANDIDATES_RUN = Text("a TREC run file", "TREC 运行文件")
RUN_FILE = Text("Choose a run file", "选择运行文件")
RUN_FILE_NONE = Text(
    "Six columns on each line: query, Q0, passage, rank, score, tag; MS MARCO's three are understood too.",
    "每行六列：查询、Q0、段落、名次、得分、标签；也支持 MS MARCO 的三列格式。",
)
RUN_FILE_READ = Text("{name}: {lines} results for {queries} queries", "{name}：{queries} 个查询的 {lines} 条结果")
EVALUATE_DEPTH = Text("Candidates of each query, at most", "每个查询最多的候选数")
EVALUATE_RANKERS = Text("Rankers", "排序器")
PRESET = Text("Published protocol", "已发表的协议")
PRESET_NONE = Text("none", "无")
PRESET_INFO = Text(
    "Sets depth, measures and grade, and shows the published value beside the measured one",
    "设定深度、指标和等级，并在测得值旁显示已发表的数值",
)
MEASURES = Text("Measures", "指标")
MEASURES_INFO = Text("Any cutoff can be typed: ndcg@20, p@5, r@1000", "可输入任意截断位置：ndcg@20、p@5、r@1000")
RELEVANT_FROM = Text("Lowest grade that counts as relevant", "算作相关的最低等级")
RELEVANT_FROM_INFO = Text(
    "For MRR, MAP, P and R; changing it scores nothing again", "用于 MRR、MAP、P 和 R；更改后不会重新打分"
)
MOST_QUERIES = Text("Queries, from the first", "查询数（从第一个起）")
MOST_QUERIES_INFO = Text("0: all that are judged, or all where none is", "0：全部有判断的查询；都没有判断时为全部查询")
EVALUATE_OPTIONS = Text("Depth, measures, grade, protocol", "深度、指标、等级、协议")
RUN_EVALUATE = Text("Evaluate", "评测")
EVALUATE_PREPARING = Text("Reading the collection and its candidates", "正在读取集合及其候选段落")
EVALUATE_TESTING = Text("Computing intervals and tests", "正在计算区间和检验")
EVALUATE_STOPPED = Text(
    "Stopped. What is shown are the {done} of {total} queries that were done; the same run goes on without scoring them again.",
    "已停止。显示的是已完成的 {done}/{total} 个查询；再次运行会接着进行，不会重新打分。",
)
EVALUATE_STOPPED_EMPTY = Text(
    "Stopped before the first query was done. Nothing you chose is lost.",
    "在完成第一个查询之前已停止。您的选择都还在。",
)
EVALUATE_FIRST = Text("Press Evaluate first: there is no result yet.", "请先点击“评测”：还没有结果。")
EVALUATE_QUESTION = Text("Does reranking pay on your queries?", "重排对您的查询值得吗？")
EVALUATE_EMPTY = Text(
    "One query is an anecdote. Choose a judged collection and rankers on the left and press Evaluate: you see how much better, on which queries, surely or by chance, at what cost, and what a score means. Queries without judgments work too: you see how much changes, and where.",
    "一个查询只是个例。请选择带判断的集合和排序器，然后点击“评测”：可以看到好多少、在哪些查询上、是否只是偶然、代价多大，以及得分意味着什么。没有判断的查询也可以：能看到变化多大、在哪里变化。",
)
NO_JUDGED_UPLOAD = Text(
    "Choose files first: passages and queries, better with judgments. Or take one of the collections here.",
    "请先选择文件：段落和查询，最好附带判断。也可以选用这里的集合。",
)
NO_RUN_FILE = Text("Choose a run file first, or other candidates.", "请先选择运行文件，或改用其他候选段落。")
WRONG_NUMBER = Text("“{label}” is {found}. Write a whole number, {span}.", "“{label}”为{found}。请写{span}的整数。")
ANSWER = Text("Does reranking pay?", "重排值得吗？")
EVALUATE_LINK_WRONG = Text("The link cannot be opened. {reason}", "无法打开此链接。{reason}")
EVALUATE_LINK_DOWNLOADS = Text(
    "This link asks for {models}, which would be downloaded. Press Evaluate to go on.",
    "此链接需要下载 {models}。如要继续，请点击“评测”。",
)
EVALUATED_ON = Text("Evaluated on", "评测集合")
PARTIAL = Text("partial", "部分结果")
EVALUATE_PARTIAL = Text(
    "{done} of {total} queries: the work was stopped before the end.", "仅 {done}/{total} 个查询：在完成之前已停止。"
)
SO_FAR = Text("{measure} so far, over {done} of {total} queries", "目前 {done}/{total} 个查询上的 {measure}")
QUERIES = Text("Queries", "查询")
UP_TO_CANDIDATES = Text("up to {depth} candidates each", "各最多 {depth} 个候选段落")
BETTER_AND_WORSE = Text("Better · worse on", "更好 · 更差的查询")
EQUAL = Text("equal on {n}", "{n} 个相同")
TIME_PER_QUERY = Text("Time a query", "每查询耗时")
ALL_KNOWN = Text("all scores were known", "所有得分此前已知")
RANKERS_BY_MEASURES = Text("Rankers by measures", "各排序器的指标")
AGAINST = Text("{measure} against {baseline}", "{measure}，与 {baseline} 相比")
CHANCE = Text("Chance? Effect", "偶然？效应")
BASELINE = Text("baseline", "基线")
PUBLISHED_VALUE = Text("published {value}", "已发表 {value}")
SIGNIFICANT_MARK = Text("differs from the baseline, corrected p < 0.05", "与基线有差异，校正后 p < 0.05")
TABLE_KEY = Text(
    "Means with 95 % bootstrap intervals over queries; bold: the best. † differs from {baseline}: paired randomisation test, p after Holm's correction below 0.05. ▲ better, ▼ worse, ● equal queries. Binary measures count grades from {grade}.",
    "均值附按查询的 95 % 自助法区间；粗体为最佳。† 与 {baseline} 有差异：配对随机化检验，Holm 校正后 p 低于 0.05。▲ 更好、▼ 更差、● 相同的查询数。二值指标从等级 {grade} 起算作相关。",
)
LOOK_MEASURE = Text("Measure", "指标")
LOOK_BASELINE = Text("Baseline", "基线")
LOOK_RANKER = Text("Ranker to look at", "查看的排序器")
UNJUDGED_TOO = Text("Unjudged passages count as irrelevant", "未判断的段落按不相关计")
UNJUDGED_TOO_INFO = Text("For scores by grade, threshold and calibration", "用于各等级的得分、阈值和校准")
OWN = Text("Count my own judgments", "计入我自己的判断")
OWN_INFO = Text(
    "Made in Rerank or Compare; then only judged queries count", "在“重排”或“对比”中所作；此后只计有判断的查询"
)
OWN_COUNT = Text(
    "your own judgments count; what you did not judge gains nothing",
    "计入了您自己的判断；您没有判断的段落不计增益",
)
THRESHOLD = Text("Keep passages that score … or more", "保留得分不低于……的段落")
CHANCE_AT = Text(
    "At {score}, a passage is relevant with probability {platt} (Platt) or {isotonic} (isotonic).",
    "得分为 {score} 的段落相关的概率为 {platt}（Platt）或 {isotonic}（保序回归）。",
)
BEST_F1 = Text("Precision and recall balance best (F1) at {score}.", "准确率与召回率在 {score} 处最平衡（F1）。")
FITTED_ON = Text(
    "From {n} scored passages, {relevant} of them relevant.", "依据 {n} 个已打分段落，其中 {relevant} 个相关。"
)
UNJUDGED_COUNT = Text("Unjudged ones count as irrelevant.", "未判断的按不相关计。")
PLATT_FORMULA = Text("Score to probability (Platt):", "得分到概率（Platt）：")
NO_CALIBRATION = Text(
    "Only one kind of passage is judged here, so no score can be given a meaning. Count unjudged passages as irrelevant, or choose another grade.",
    "这里只有一类段落有判断，因此无法赋予得分含义。请把未判断的段落按不相关计，或改选等级。",
)
QUERIES_BY_GAIN = Text("the greatest gain first", "按增益从大到小")
QUERIES_BY_AGREEMENT = Text("the least agreement first", "按一致程度从小到大")
QUERIES_ORDER = Text("Queries sorted by", "查询排序依据")
ORDER_GAIN = Text("gain and loss", "增益与损失")
ORDER_AGREEMENT = Text("least agreement", "一致程度最低")
AGREEMENT_RBO = Text("Agreement (RBO)", "一致程度（RBO）")
RBO_TITLE = Text(
    "Agreement of the two orders, 0…1: rank-biased overlap, in which the top counts most",
    "两种顺序的一致程度，0…1：排名偏重重合度，顶部权重最大",
)
FIRST_COLUMN = Text("First", "首位")
OTHER_FIRST = Text("another", "不同")
SAME_FIRST = Text("the same", "相同")
OTHER_FIRST_ON = Text("Another passage first", "首位段落不同")
OF_QUERIES = Text("of {n} queries", "共 {n} 个查询")
NEW_IN_TEN = Text("New in the first 10", "前 10 名中的新段落")
MEAN_OF_QUERIES = Text("mean over queries", "按查询平均")
RANKERS_BY_CHANGES = Text("What each ranker changes", "各排序器带来的变化")
CHANGES_KEY = Text(
    "Against {baseline}: mean agreement of the two orders (rank-biased overlap, 0…1; the top counts most), mean number of passages among the first ten that are not among {baseline}'s, and queries on which another passage is first. Much change is not much good: open queries where it is great, and judge there.",
    "与 {baseline} 相比：两种顺序的平均一致程度（排名偏重重合度，0…1，顶部权重最大）、前十名中不在 {baseline} 前十名内的段落的平均个数，以及首位段落不同的查询数。变化大不等于好：请打开变化大的查询，在那里判断。",
)
WHAT_CHANGES = Text("What changes?", "变化有多大？")
QUERIES_OPEN = Text("; a query opens in Rerank", "；点击查询可在“重排”中打开")
QUERIES_BETWEEN = Text("… {n} queries between; all of them are in the CSV", "……中间还有 {n} 个查询；完整列表见 CSV")
OPEN_IN_RERANK = Text("Open this query in Rerank, with its judgments", "在“重排”中打开此查询及其判断")
OPENED_FROM = Text("From the Evaluate tab: {name}, {passages} passages", "来自“评测”：{name}，{passages} 个段落")
RUN_TOO_LARGE = Text(
    "The run has {lines} lines; the page gives at most {most}. Take fewer queries or candidates, or run python -m demo.evaluate, which writes every run.",
    "该运行结果有 {lines} 行；页面最多提供 {most} 行。请减少查询或候选段落，或运行 python -m demo.evaluate，它会写出全部运行结果。",
)
EVALUATE_FILES = {
    "run": Text("TREC run", "TREC 运行文件"),
    "csv": Text("Queries, CSV", "逐查询 CSV"),
    "json": Text("All, JSON", "全部 JSON"),
    "markdown": Text("Table, Markdown", "表格 Markdown"),
    "latex": Text("Table, LaTeX", "表格 LaTeX"),
    "calibration": Text("Calibration, JSON", "校准 JSON"),
}


class Labels:
    """Static labels that gradio translates in the browser; each is registered when it is first used.

    `labels(text)` stands where a component takes a label; `labels.i18n()` goes to `launch` once the page is built.
    """

    def __init__(self) -> None:
        self._keys: dict[Text, str] = {}

    def __call__(self, text: Text) -> I18nData:
        """The label in the language of the visitor's browser."""
        return I18nData(self._keys.setdefault(text, f"label-{len(self._keys)}"))

    def i18n(self) -> gr.I18n:
        """Every label used so far, in every locale that gradio may ask for; other locales fall back to English."""
        chinese = {key: text.zh for text, key in self._keys.items()}
        english = {key: text.en for text, key in self._keys.items()}
        return gr.I18n(**{"en": english, "zh": chinese, "zh-CN": chinese, "zh-TW": chinese})


def language_of(request: gr.Request | None) -> Language:
    """Chinese where the visitor's browser asks for it first, as gradio's own labels do; English otherwise."""
    first = "" if request is None else str(request.headers.get("accept-language", "")).strip().lower()
    return "zh" if first.startswith("zh") else "en"
