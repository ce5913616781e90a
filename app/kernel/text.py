"""Text as people compare it: names and addresses that differ only in how they were typed."""

import re
import unicodedata

# Characters that mean the same in names and addresses: variants within Taiwan and Hong Kong, a typing error of
# official lists (U+5DFF for 市), and traditional forms with their simplified one. Left out is what would make two
# words one: 後 and 后, 裡 and 里, 乾 and 干, 麵 and 面, 鬆 and 松, 邨 (a housing estate) and 村.
_SAME = (
    "臺台 巿市 〇0 啓启 啟启 戶户 衞卫 衛卫 滙汇 匯汇 鳯凤 鳳凤 羣群 廈厦 峯峰 栢柏 區区 號号 樓楼 層层 縣县 "
    "鄉乡 鎮镇 東东 門门 灣湾 島岛 嶺岭 園园 場场 廣广 陽阳 陰阴 龍龙 馬马 鳥鸟 魚鱼 國国 華华 業业 電电 機机 "
    "車车 貿贸 開开 關关 發发 會会 學学 醫医 藥药 銀银 錢钱 鐵铁 鋼钢 銅铜 錦锦 銘铭 鋒锋 飯饭 館馆 飲饮 賓宾 "
    "購购 貨货 資资 財财 賢贤 貴贵 質质 費费 賣卖 買买 負负 責责 員员 團团 圖图 書书 畫画 藝艺 樂乐 務务 動动 "
    "勞劳 協协 單单 傳传 優优 億亿 備备 體体 來来 個个 倉仓 偉伟 傑杰 僑侨 儲储 兒儿 兩两 興兴 養养 軍军 農农 "
    "創创 劃划 劇剧 劉刘 勝胜 勢势 紅红 級级 統统 經经 維维 網网 綠绿 緯纬 線线 編编 總总 聯联 聖圣 聲声 職职 "
    "腦脑 膚肤 護护 識识 證证 評评 診诊 詢询 話话 語语 誠诚 調调 諾诺 謝谢 議议 讀读 變变 讓让 論论 設设 許许 "
    "訊讯 記记 計计 訂订 專专 導导 將将 對对 實实 寶宝 寫写 審审 宮宫 寧宁 歲岁 師师 帶带 幫帮 應应 慶庆 懷怀 "
    "戰战 擇择 擴扩 攝摄 數数 斷断 時时 曉晓 條条 極极 榮荣 構构 標标 樣样 樹树 橋桥 檢检 權权 歡欢 歷历 氣气 "
    "漢汉 滿满 漁渔 潔洁 濟济 濱滨 瀋沈 爾尔 牆墙 環环 現现 產产 異异 當当 療疗 監监 盤盘 礎础 禮礼 種种 稅税 "
    "稱称 穩稳 競竞 筆笔 節节 範范 築筑 簡简 籃篮 糧粮 純纯 紙纸 組组 結结 給给 綜综 緊紧 縱纵 織织 羅罗 義义 "
    "習习 蘇苏 蘭兰 莊庄 葉叶 萬万 蔣蒋 蓮莲 藍蓝 處处 術术 補补 裝装 視视 覺觉 觀观 訓训 豐丰 貝贝 貞贞 賀贺 "
    "趙赵 軟软 較较 輕轻 輛辆 輪轮 轉转 辦办 進进 運运 達达 遠远 適适 選选 邊边 鄭郑 鄧邓 釣钓 鋪铺 錄录 鍋锅 "
    "鍾钟 鐘钟 長长 閣阁 間间 閩闽 陳陈 陸陆 際际 隊队 階阶 險险 雙双 雜杂 離离 雲云 靈灵 靜静 韓韩 響响 頂顶 "
    "項项 順顺 須须 領领 頭头 顏颜 題题 類类 顧顾 顯显 風风 飛飞 餘余 驗验 驛驿 鮮鲜 鴻鸿 鵬鹏 鹽盐 麗丽 麥麦 "
    "黃黄 齊齐 齒齿 龜龟"
)
_VARIANTS = str.maketrans({pair[0]: pair[1] for pair in _SAME.split()})

_NOT_A_WORD = re.compile(r"[\W_]+")
_WORD_CATEGORIES = frozenset({"Mn", "Mc"})  # vowel signs of Indic and Thai scripts are letters to their readers
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\W_]+(?=\d)")


def squeeze(text: str) -> str:
    """The text trimmed, each run of inner white space one space; otherwise as written."""
    return " ".join(text.split())


def fold(text: str) -> str:
    """What identifies a name or an address: NFKC, casefolded, without punctuation and spaces, certain variants as one.

    Digits keep apart what stood apart: `1-2` and `1 2` give `1-2`, which is another house than `12`.
    Folding twice changes nothing. Accents stay: they tell names apart.
    """
    if text.isascii():
        return _NOT_A_WORD.sub(_gap, text.lower())
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = unicodedata.normalize("NFKC", plain).casefold().translate(_VARIANTS)
    return unicodedata.normalize("NFKC", _NOT_A_WORD.sub(_gap, plain))  # letters and marks may have come together


def _gap(match: re.Match[str]) -> str:
    between, text = match[0], match.string
    marks = "" if between.isascii() else "".join(c for c in between if unicodedata.category(c) in _WORD_CATEGORIES)
    first, last = match.span()
    if not marks and first and last < len(text) and text[first - 1].isdecimal() and text[last].isdecimal():
        return "-"
    return marks


_NUMBER_BREAK = re.compile(r"[/;,、，；|\n]|ext\.?|转|轉|#|\bx(?=\d)|\bor\b|或", re.IGNORECASE)
_NOT_A_DIGIT = re.compile(r"[^0-9]+")


def phone_digits(phone: str) -> str:
    """Only the digits of each number in a phone field, one space between numbers (and before an extension).

    Country and trunk prefixes stay as they were typed: 886-7-3727900 is 88673727900, 02-27761339 is 0227761339.
    """
    if phone.isascii() and phone.isdigit():
        return phone
    parts = (_NOT_A_DIGIT.sub("", part) for part in _NUMBER_BREAK.split(unicodedata.normalize("NFKC", phone)))
    return " ".join(filter(None, parts))


def search_text(*texts: str, phone: str = "") -> str:
    """What "find by any part" looks into: each text folded, and the phone's digits, with one space between.

    A part to be found is folded in the same way (`search_part`), so it never has a space and never spans two texts.
    """
    return " ".join(filter(None, (*map(fold, texts), phone_digits(phone))))


def search_parts(typed: str) -> tuple[str, ...]:
    """What to look for in `search_text`, any of them: the words folded; for digits with signs also the bare digits."""
    folded, digits = fold(typed), _NOT_A_DIGIT.sub("", unicodedata.normalize("NFKC", typed))
    is_number = len(digits) >= 3 and not any(map(str.isalpha, typed))
    return tuple(dict.fromkeys(part for part in (folded, digits if is_number else "") if part))


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): an apostrophe before what looks so."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _PLAIN_NUMBER.fullmatch(cell) else cell
