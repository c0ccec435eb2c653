"""Simplified and Traditional characters: what the code looks for, in both scripts.

The words in the code are written in Simplified characters. They are spelled out when their module is loaded:
no page is converted, so what is read stays as it is printed, and no page pays for it.
"""

import re
from itertools import product

# A character of our words, and behind it its Traditional forms: several where all are in use.
TRADITIONAL: dict[str, str] = {
    group[0]: group[1:]
    for group in (
        "万萬 与與 专專 丢丟 个個 为為爲 举舉 习習 于於 仅僅 们們 众眾衆 会會 传傳 体體 关關 兴興 内內 "
        "册冊 农農 几幾 凌淩 击擊 刚剛 创創 删刪 别別 制製 务務 动動 协協 华華 历歷曆 发發 台臺 后後 "
        "员員 周週 国國 图圖 声聲 备備 复復覆複 头頭 实實 审審 对對 听聽 将將 属屬 布佈 帮幫 并並併 广廣 "
        "开開 当當 录錄録 户戶 扫掃 报報 换換 摄攝 数數 无無 旧舊 时時 显顯 晓曉 暂暫 机機 权權 条條 "
        "来來 标標 栏欄 欢歡 气氣 没沒 注註 浏瀏 点點 热熱 爱愛 现現 电電 监監 码碼 礼禮 签簽籤 简簡 "
        "类類 系繫係 纠糾 约約 级級 线線綫 组組 细細 终終 经經 给給 络絡 统統 继繼 维維 缓緩 编編 网網 "
        "联聯 脑腦 荐薦 获獲 营營 虫蟲 见見 视視 觉覺 览覽 触觸 计計 订訂 议議 讯訊 记記 论論 设設 访訪 "
        "证證 评評 诉訴 词詞 试試 诚誠 该該 误誤 说說説 请請 读讀 财財 责責 购購 资資 赞讚贊 转轉 载載 "
        "较較 辑輯 过過 还還 这這 进進 选選 采採 里裡裏 钟鐘鍾 链鏈鍊 销銷 错錯 键鍵 长長 门門 闭閉 "
        "问問 间間 闻聞 阅閱閲 阴陰 陆陸 随隨 隐隱 页頁 顶頂 频頻 题題 预預 馈饋 驻駐 黄黃 号號 两兩 详詳 "
        "续續 连連 结結 寻尋 参參 话話 须須 业業 账賬帳 违違 护護 费費 邮郵 产產 张張 贴貼 单單 构構 "
        "执執 处處 导導 东東 园園 义義 云雲 兰蘭 莲蓮 马馬"
    ).split()
}

_CHARACTER = re.compile(f"[{''.join(TRADITIONAL)}]")
# In a regular expression: what is escaped, a class, or a character.
_PART = re.compile(rf"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|{_CHARACTER.pattern}", re.DOTALL)


def both(pattern: str) -> str:
    """Return a regular expression that takes each character in any form: `发[布表]` → `[发發][布佈表]`."""
    return _PART.sub(lambda part: _widened(part[0]), pattern)


def _widened(part: str) -> str:
    if part in TRADITIONAL:
        return f"[{part}{TRADITIONAL[part]}]"
    if part.startswith("["):
        return _CHARACTER.sub(lambda found: found[0] + _missing(TRADITIONAL[found[0]], part), part)
    return part


def _missing(forms: str, part: str) -> str:
    """Return the forms that a class does not have yet: a pattern may be put together of widened ones."""
    return "".join(form for form in forms if form not in part)


def one_of(words: str) -> str:
    """Return a pattern for words that stand between spaces, in both scripts; each may be a pattern itself.

    It must begin with a character or a class: one look at that turns nearly every text away.
    """
    each = words.split()
    first = "".join(word[1 : word.index("]")] if word.startswith("[") else word[0] for word in each)
    return both(f"(?=[{first}])(?:{'|'.join(each)})")


def spellings(*words: str) -> list[str]:
    """Return words with each character in any of its forms: `来源` → `来源`, `來源`."""
    return [
        "".join(characters)
        for word in words
        for characters in product(*(character + TRADITIONAL.get(character, "") for character in word))
    ]
