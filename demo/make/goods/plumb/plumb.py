#!/usr/bin/env python3
"""Plumb, a proofreader for typographic slips in text and Markdown files, English and Chinese.

    plumb.py activate INKW-XXXX-XXXX-XXXX    keep your licence key on this machine
    plumb.py check FILE ...                  list what a compositor would mend
    plumb.py fix FILE ...                    mend what can be mended safely

Plumb never uses the network. Copyright Inkwell Lane; licensed to the holder of the key.
"""

from __future__ import annotations

import argparse
import io
import locale
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

VERSION = "1.2"
KEY_FORM = re.compile(r"INKW-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}")
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
FULL_WIDTH = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", ".": "。"}

# Each rule: its name, the pattern, and the replacement (None: a person must decide).
RULES: list[tuple[str, str, Callable[[re.Match[str]], str] | None]] = [
    ("ellipsis-zh", rf"(?<=[{HAN}])(?:\.{{3,}}|。{{2,}}|…(?!…))(?<!……)", lambda m: "……"),
    ("ellipsis", rf"(?<![{HAN}.])\.{{3}}(?!\.)", lambda m: "…"),
    ("half-width", rf"(?<=[{HAN}])[,;:?!](?=[{HAN}\s]|$)", lambda m: FULL_WIDTH[m.group()]),
    ("half-stop", rf"(?<=[{HAN}])\.(?=[{HAN}\s]|$)", lambda m: "。"),
    ("han-latin", rf"(?<=[{HAN}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[{HAN}])", lambda m: " "),
    ("apostrophe", r"(?<=[A-Za-z])'(?=[A-Za-z])", lambda m: "’"),
    ("quote", r'"', None),
    ("single-quote", r"(?<![A-Za-z])'|'(?![A-Za-z])", None),
    ("dash", r"(?<=\S) -{1,2} (?=\S)", lambda m: " – "),
    ("double-hyphen", r"(?<=[A-Za-z])--(?=[A-Za-z])", lambda m: "—"),
    ("spaces", r"(?<=\S)  +(?=\S)", lambda m: " "),
    ("space-before", r"(?<=[A-Za-z]) +(?=[,;:?!](?:\s|$))", lambda m: ""),
    ("times", r"(?<=\d) x (?=\d)", lambda m: " × "),
]

WORDS = {
    "en": {
        "ellipsis-zh": "a Chinese ellipsis has six dots",
        "ellipsis": "three full stops instead of an ellipsis",
        "half-width": "half-width punctuation after Chinese",
        "half-stop": "full stop instead of the Chinese one",
        "han-latin": "no space between Chinese and Latin",
        "apostrophe": "straight apostrophe",
        "quote": "straight quotation mark",
        "single-quote": "straight single quotation mark",
        "dash": "hyphen instead of a dash",
        "double-hyphen": "two hyphens instead of a dash",
        "spaces": "more than one space",
        "space-before": "space before punctuation",
        "times": "the letter x between numbers",
        "none": "Nothing to mend.",
        "some": "{} to look at.",
        "thing": "1 thing",
        "things": "{} things",
        "fixed": "{}: {} mended.",
        "no-key": "No licence key on this machine yet. Type: plumb.py activate YOUR-KEY",
        "bad-key": "This does not look like a key of ours. It has the form INKW-XXXX-XXXX-XXXX.",
        "thanks": "Thank you. The key is kept in {}.",
        "unreadable": "{}: cannot be read as UTF-8 text.",
    },
    "zh": {
        "ellipsis-zh": "中文省略号应为六点",
        "ellipsis": "用三个句点代替了省略号",
        "half-width": "中文后面用了半角标点",
        "half-stop": "中文句号写成了西文句点",
        "han-latin": "中西文之间少一个空格",
        "apostrophe": "直撇号",
        "quote": "直引号",
        "single-quote": "直单引号",
        "dash": "用连字符代替了破折号",
        "double-hyphen": "用两个连字符代替了破折号",
        "spaces": "多余的空格",
        "space-before": "标点前有空格",
        "times": "数字之间用字母 x 代替了乘号",
        "none": "没有要改的地方。",
        "some": "共 {}，请过目。",
        "thing": "1 处",
        "things": "{} 处",
        "fixed": "{}：改好 {}。",
        "no-key": "这台电脑上还没有许可证密钥。请输入：plumb.py activate 您的密钥",
        "bad-key": "密钥的格式不对，应为 INKW-XXXX-XXXX-XXXX。",
        "thanks": "谢谢。密钥已存入 {}。",
        "unreadable": "{}：不是 UTF-8 文本，无法读取。",
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0 when all is well, 1 when something was found, 2 when it cannot work."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    options = read_arguments(arguments)
    words = WORDS[options.lang or system_language()]
    if options.command == "activate":
        return activate(options.key, words)
    if not has_key():
        print(words["no-key"], file=sys.stderr)
        return 2
    command = check if options.command == "check" else fix
    return command(options.files, words)


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="plumb.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=VERSION)
    parser.add_argument("--lang", choices=sorted(WORDS), help="language of the messages")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("activate").add_argument("key")
    for name in ("check", "fix"):
        commands.add_parser(name).add_argument("files", nargs="+", type=Path)
    return parser.parse_args(arguments)


def system_language() -> str:
    """Return "zh" on a system that speaks Chinese, otherwise "en"."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "zh" if spoken.lower().startswith(("zh", "chinese")) else "en"


def key_file() -> Path:
    """Return where the key is kept; PLUMB_KEY_FILE may point elsewhere."""
    return Path(os.environ.get("PLUMB_KEY_FILE") or Path.home() / ".plumb-key")


def has_key() -> bool:
    """Tell whether a well-formed key is kept on this machine."""
    path = key_file()
    return path.is_file() and bool(KEY_FORM.fullmatch(path.read_text("utf-8").strip()))


def activate(key: str, words: dict[str, str]) -> int:
    """Keep ``key`` if it has the right form."""
    key = key.strip().upper()
    if not KEY_FORM.fullmatch(key):
        print(words["bad-key"], file=sys.stderr)
        return 2
    key_file().write_text(key + "\n", "utf-8")
    print(words["thanks"].format(key_file()))
    return 0


def check(files: list[Path], words: dict[str, str]) -> int:
    """Print every slip as file:line:column, then the sum."""
    count = 0
    for path in files:
        text = read(path, words)
        if text is None:
            return 2
        for start, _, rule, _ in slips(text):
            line = text.count("\n", 0, start) + 1
            column = start - text.rfind("\n", 0, start)
            print(f"{path}:{line}:{column}  {words[rule]}")
            count += 1
    print(words["some"].format(amount(count, words)) if count else words["none"])
    return 1 if count else 0


def fix(files: list[Path], words: dict[str, str]) -> int:
    """Mend each file in place, leaving what needs a person."""
    for path in files:
        text = read(path, words)
        if text is None:
            return 2
        mended = 0
        for start, end, _, replacement in reversed(slips(text)):
            if replacement is not None:
                text = text[:start] + replacement + text[end:]
                mended += 1
        # newline="" keeps the line ends of the file as they were.
        with open(path, "w", encoding="utf-8", newline="") as target:
            target.write(text)
        print(words["fixed"].format(path, amount(mended, words)))
    return check(files, words)


def amount(count: int, words: dict[str, str]) -> str:
    """Return "1 thing", "3 things"."""
    return words["thing"] if count == 1 else words["things"].format(count)


def read(path: Path, words: dict[str, str]) -> str | None:
    """Return the text of ``path``, or None after saying why not."""
    try:
        with open(path, encoding="utf-8", newline="") as source:
            return source.read()
    except (OSError, UnicodeDecodeError):
        print(words["unreadable"].format(path), file=sys.stderr)
        return None


def slips(text: str) -> list[tuple[int, int, str, str | None]]:
    """Return (start, end, rule, replacement) of every slip, in the order of the text."""
    masked = mask(text)
    found = []
    for rule, pattern, mend in RULES:
        for match in re.finditer(pattern, masked, re.MULTILINE):
            found.append((match.start(), match.end(), rule, mend(match) if mend else None))
    return sorted(found, key=lambda slip: slip[:2])


PROTECTED = re.compile(
    r"\A---\n.*?\n---\n"  # front matter
    r"|^(?P<fence>```+|~~~+).*?^(?P=fence)[ \t]*$"  # fenced code
    r"|`[^`\n]+`"  # inline code
    r"|(?<=\]\()[^)\n]*(?=\))"  # link targets
    r"|<[^>\n]+>"  # tags and autolinks
    r"|https?://\S+"
    r"|^\|?[ \t]*:?-{2,}.*$"  # rules and table lines
    r"|^[ \t]*(?:[-*+]|\d+\.)[ \t]+",  # list markers
    re.MULTILINE | re.DOTALL,
)


def mask(text: str) -> str:
    """Blank out code, links and other things that must not be touched, keeping every position."""
    return PROTECTED.sub(lambda m: re.sub(r"[^\n]", "\0", m.group()), text)


if __name__ == "__main__":
    sys.exit(main())
