"""Texts of many languages in the encodings that their countries used, from a line to a page."""

from __future__ import annotations

import unicodedata

import pytest

from demo.errors import InputError
from demo.formats import Limits, read_files, read_pasted
from demo.formats.encoding import decode

GARDEN = {
    "French": (
        ("cp1252", "iso8859-15"),
        "Semez les fèves après la dernière gelée, et protégez les jeunes pousses là où le vent est très "
        "fort. L’été, arrosez dès le début de la matinée.",
    ),
    "German": (
        ("cp1252", "latin-1"),
        "Säen Sie die Bohnen nach dem letzten Frost und schützen Sie die jungen Pflänzchen vor "
        "Schnecken. Im Frühjahr genügt es, täglich ein wenig zu gießen.",
    ),
    "Spanish": (
        ("cp1252",),
        "Siembre las judías después de la última helada y riegue el jardín por la mañana. También "
        "conviene añadir abono orgánico cada otoño.",
    ),
    "Portuguese": (
        ("cp1252",),
        "Semeie os feijões depois da última geada e regue o jardim de manhã. Não é preciso adubar no "
        "verão, mas a proteção contra o vento é útil.",
    ),
    "Swedish": (
        ("cp1252", "latin-1"),
        "Så bönorna efter den sista frosten och skydda de små plantorna mot sniglar. På våren räcker det "
        "att vattna trädgården då och då.",
    ),
    "Danish": (
        ("cp1252",),
        "Så bønnerne efter den sidste frost, og beskyt de små planter mod snegle. Om foråret er det nok "
        "at vande haven hver anden dag, når jorden er tør.",
    ),
    "Finnish": (
        ("cp1252",),
        "Kylvä pavut viimeisen hallan jälkeen ja suojaa pienet taimet etanoilta. Keväällä riittää, että "
        "kastelet puutarhaa silloin tällöin, kesällä enemmän.",
    ),
    "Icelandic": (
        ("cp1252",),
        "Sáðu baununum eftir síðasta frostið og verndaðu ungu plönturnar fyrir sniglum. Á vorin nægir að "
        "vökva garðinn öðru hverju, en þó meira þegar þurrt er.",
    ),
    "Czech": (
        ("cp1250", "iso8859-2"),
        "Fazole sejte až po posledním mrazu a mladé rostlinky chraňte před slimáky. Na jaře stačí "
        "zahradu zalévat jednou týdně, v létě častěji a vždy ráno.",
    ),
    "Polish": (
        ("cp1250", "iso8859-2"),
        "Fasolę siej po ostatnich przymrozkach i chroń młode rośliny przed ślimakami. Wiosną wystarczy "
        "podlewać ogród raz w tygodniu, a latem częściej.",
    ),
    "Hungarian": (
        ("cp1250", "iso8859-2"),
        "A babot az utolsó fagy után vesse el, és védje a fiatal növényeket a csigáktól. Tavasszal elég "
        "hetente egyszer öntözni, nyáron többször, főleg reggel.",
    ),
    "Slovak": (
        ("cp1250", "iso8859-2"),
        "Fazuľu sejte až po poslednom mraze a mladé rastliny chráňte pred slimákmi. Na jar stačí záhradu "
        "polievať raz za týždeň, v lete častejšie.",
    ),
    "Croatian": (
        ("cp1250",),
        "Grah sijte nakon posljednjeg mraza i zaštitite mlade biljke od puževa. U proljeće je dovoljno "
        "zalijevati vrt jednom tjedno, a ljeti češće, najbolje ujutro.",
    ),
    "Slovenian": (
        ("cp1250",),
        "Fižol sejte po zadnji pozebi in zaščitite mlade rastline pred polži. Spomladi zadošča, da vrt "
        "zalivate enkrat na teden, poleti pa pogosteje, najbolje zjutraj.",
    ),
    "Romanian": (
        ("cp1250", "iso8859-2"),
        "Semănaţi fasolea după ultimul îngheţ şi protejaţi plantele tinere de melci. Primăvara este "
        "suficient să udaţi grădina o dată pe săptămână, iar vara mai des.",
    ),
    "Turkish": (
        ("cp1254", "iso8859-9"),
        "Fasulyeyi son dondan sonra ekin ve genç bitkileri salyangozlardan koruyun. İlkbaharda bahçeyi "
        "haftada bir sulamak yeterlidir, yazın ise daha sık sulayın.",
    ),
    "Lithuanian": (
        ("cp1257",),
        "Pupeles sėkite po paskutinių šalnų ir saugokite jaunus augalus nuo sraigių. Pavasarį pakanka "
        "laistyti daržą kartą per savaitę, o vasarą dažniau, geriausiai rytą.",
    ),
    "Latvian": (
        ("cp1257",),
        "Pupiņas sējiet pēc pēdējām salnām un sargājiet jaunos augus no gliemežiem. Pavasarī pietiek "
        "dārzu laistīt reizi nedēļā, bet vasarā biežāk, vislabāk no rīta.",
    ),
    "Estonian": (
        ("cp1257",),
        "Külvake oad pärast viimast öökülma ja kaitske noori taimi nälkjate eest. Kevadel piisab, kui "
        "aeda kord nädalas kasta, suvel tuleb seda teha sagedamini, kõige parem hommikul.",
    ),
    "Russian": (
        ("cp1251", "koi8-r", "cp866"),
        "Сейте фасоль после последних заморозков и защищайте молодые растения от слизней. Весной "
        "достаточно поливать сад раз в неделю, а летом чаще.",
    ),
    "Ukrainian": (
        ("cp1251", "koi8-u"),
        "Сійте квасолю після останніх заморозків і захищайте молоді рослини від слимаків. Навесні досить "
        "поливати город раз на тиждень, а влітку частіше, її ґрунт має бути вологим.",
    ),
    "Bulgarian": (
        ("cp1251",),
        "Засейте боба след последната слана и пазете младите растения от охлюви. През пролетта е "
        "достатъчно да поливате градината веднъж седмично, а през лятото по-често.",
    ),
    "Greek": (
        ("cp1253", "iso8859-7"),
        "Σπείρετε τα φασόλια μετά τον τελευταίο παγετό και προστατέψτε τα νεαρά φυτά από τα σαλιγκάρια. "
        "Την άνοιξη αρκεί να ποτίζετε τον κήπο μία φορά την εβδομάδα.",
    ),
    "Hebrew": (
        ("cp1255",),
        "זרעו את השעועית אחרי הכפור האחרון והגנו על הצמחים הצעירים מפני חלזונות. באביב די להשקות את "
        "הגינה פעם בשבוע, ובקיץ לעתים קרובות יותר, רצוי בבוקר.",
    ),
    "Arabic": (
        ("cp1256",),
        "ازرع الفاصوليا بعد آخر صقيع واحم النباتات الصغيرة من القواقع. في الربيع يكفي أن تسقي الحديقة "
        "مرة في الأسبوع، أما في الصيف فأكثر من ذلك، والأفضل في الصباح.",
    ),
    "Thai": (
        ("cp874",),
        "หว่านเมล็ดถั่วหลังจากน้ำค้างแข็งครั้งสุดท้าย และปกป้องต้นอ่อนจากหอยทาก "
        "ในฤดูใบไม้ผลิรดน้ำสวนสัปดาห์ละครั้งก็พอ ส่วนในฤดูร้อนต้องรดบ่อยกว่านั้น",
    ),
    "Vietnamese": (
        ("cp1258",),
        "Hãy gieo đậu sau đợt sương giá cuối cùng và bảo vệ cây non khỏi ốc sên. Vào mùa xuân chỉ cần "
        "tưới vườn mỗi tuần một lần, còn mùa hè thì tưới thường xuyên hơn.",
    ),
    "Japanese": (
        ("shift_jis", "euc_jp"),
        "豆は最後の霜が降りた後にまき、若い苗をナメクジから守ります。春は週に一度庭に水をやれば十分ですが"
        "、夏はもっと頻繁に、できれば朝のうちに水をやりましょう。",
    ),
    "Korean": (
        ("cp949", "euc_kr"),
        "콩은 마지막 서리가 내린 뒤에 심고 어린 모종을 달팽이로부터 보호하세요. 봄에는 일주일에 한 번 "
        "정원에 물을 주면 충분하지만, 여름에는 더 자주 주는 것이 좋습니다.",
    ),
    "Chinese": (
        ("gb18030", "gbk"),
        "豆子要在最后一次霜冻之后播种，并保护幼苗不受蜗牛侵害。春天每周给花园浇一次水就够了，夏天则要多浇"
        "几次，最好在早晨进行。",
    ),
    "Chinese of Taiwan": (
        ("big5",),
        "豆子要在最後一次霜凍之後播種，並保護幼苗不受蝸牛侵害。春天每週給花園澆一次水就夠了，夏天則要多澆"
        "幾次，最好在早晨進行。",
    ),
}

CASES = [(language, codec) for language, (codecs, _) in GARDEN.items() for codec in codecs]


def spelt_for(codec: str, text: str) -> str:
    """The text in letters that the encoding has; for Vietnam's, which has tones as marks of their own, taken apart."""
    if codec != "cp1258":
        return text.encode(codec, "ignore").decode(codec)
    return "".join(_apart(letter) for letter in text)


def _apart(letter: str) -> str:
    tones = "\u0300\u0301\u0303\u0309\u0323"
    parts = unicodedata.normalize("NFD", letter)
    if letter.encode("cp1258", "ignore"):
        return letter
    base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
    return base + "".join(part for part in parts if part in tones)


@pytest.mark.parametrize(("language", "codec"), CASES)
def test_a_few_sentences_are_read_in_the_encoding_of_their_country(language: str, codec: str) -> None:
    text = spelt_for(codec, GARDEN[language][1])
    assert decode(text.encode(codec), "p.txt")[0] == text


@pytest.mark.parametrize(("language", "codec"), CASES)
def test_a_table_with_little_beyond_ascii_is_read_as_well(language: str, codec: str) -> None:
    text = "id;number;code\n" + "17;200;ABC-9\n" * 200 + "18;7;" + spelt_for(codec, GARDEN[language][1]) + "\n"
    assert decode(text.encode(codec), "p.csv")[0] == text


def test_most_single_lines_are_read_right() -> None:
    """So short a text cannot always be known; nine of ten are."""
    right = [
        decode(line.encode(codec), "p.txt")[0] == line
        for language, codec in CASES
        for line in [spelt_for(codec, GARDEN[language][1])[:60]]
    ]
    assert sum(right) / len(right) >= 0.9


@pytest.mark.parametrize("bad", [b"\xff", b"\xe9", b"\xc3", b"\xe2\x80"])
@pytest.mark.parametrize("language", ["French", "Czech", "Russian", "Thai", "Japanese"])
def test_a_bad_byte_leaves_the_rest_of_utf_8_alone(language: str, bad: bytes) -> None:
    text = GARDEN[language][1]
    content = text.encode()
    found, name = decode(content + b" " + bad + b" " + content, "p.txt")
    assert found == f"{text} \ufffd {text}"
    assert name == "UTF-8"


@pytest.mark.parametrize("language", ["French", "Korean"])
def test_a_cut_within_the_last_character_is_one_bad_byte(language: str) -> None:
    content = (GARDEN[language][1] + "é").encode()[:-1]
    assert decode(content, "p.txt") == (f"{GARDEN[language][1]}\ufffd", "UTF-8")


def test_a_nul_character_is_a_character_that_cannot_be_read_in_texts_and_files_alike() -> None:
    line = "a" * 120
    limits = Limits(10, 1000, 10_000, 10_000)
    assert decode(f"{line}\0b\n".encode(), "p.txt") == (f"{line}\ufffdb\n", "UTF-8")
    for loaded in (read_pasted(f"{line}\0b", limits), read_files([("p.txt", f"{line}\0b".encode())], limits)):
        assert [passage.text for passage in loaded.collection.passages] == [f"{line}\ufffdb"]
        assert str(loaded.reading.sentence()).endswith("1 character cannot be read and stands as \ufffd")
    assert read_pasted("a\0b c\nd e", limits).collection.passages[0].text == "a\ufffdb c"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InputError, match="is not text"):
        decode(b"\x00\x01\x02 and more", "p.bin")
