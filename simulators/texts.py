"""What all providers count, compare and read in texts and numbers. Pure."""

import re


def euc_kr_bytes(text: str) -> int | None:
    """Length as carriers count it; None: it has characters that they cannot carry."""
    try:
        return len(text.encode("euc-kr"))
    except UnicodeEncodeError:
        return None


def dialled(number: str, country: str) -> str:
    """A number as phones in Korea have it; abroad none has."""
    return number if country == "82" else ""


def matches_template(template: str, content: str) -> bool:
    """Whether the final text is the template with its #{variables} replaced."""
    fixed = re.split(r"#\{[^}]*\}", template)
    return re.fullmatch("(?s:.*?)".join(re.escape(part) for part in fixed), content) is not None
