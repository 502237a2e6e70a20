"""Reads C++ just well enough for tools/tidy: includes, string literals, and where functions begin and end.

Not a parser. It knows comments, literals and braces, and relies on clang-format for the rest.
"""

import re

TOKEN = re.compile(r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<raw> (?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\((?P<rawtext>.*?)\)(?P=mark)" )
  | (?P<include> ^[ \t]*\#[ \t]*include[ \t]*(?P<header><[^>\n]+>|"[^"\n]+") )
  | (?P<string> "(?P<text>(?:\\.|[^"\\\n])*)" )
  | (?P<char> '(?:\\.|[^'\\\n])+' )
  | (?P<word> [A-Za-z0-9_](?:[A-Za-z0-9_]|'(?=[0-9A-Fa-f]))* )
""", re.VERBOSE | re.DOTALL | re.MULTILINE)

# What may stand before the brace of a scope that holds functions, as opposed to statements.
SCOPE = re.compile(r"(^|[\s;{}>])(namespace|class|struct|union|enum|extern)\b(?![^{]*\)\s*$)")

ACCESS = re.compile(r"\s*((public|protected|private):\s*)?")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


class Source:
    def __init__(self, text):
        self._includes, self._literals = [], []
        code, at = [], 0
        for token in TOKEN.finditer(text):
            code.append(text[at:token.start()])
            code.append(self._take(text, token))
            at = token.end()
        code.append(text[at:])
        self._code = "".join(code)

    def _take(self, text, token):
        """Notes what the token is; answers what stands in its place in the code."""
        kind, line = token.lastgroup, text.count("\n", 0, token.start()) + 1
        if token["include"]:
            self._includes.append((line, token["header"]))
        elif token["raw"] or token["string"]:
            self._literals.append((line, token.start(), token.end(), token["rawtext"] or token["text"] or ""))
        elif kind == "word":
            return token.group()
        return _blank(token.group())

    def code(self):
        """The text with comments and literals blanked."""
        return self._code

    def includes(self):
        """(line, "<header>" or '"header"')."""
        return self._includes

    def literals(self):
        """(line, text); neighbours with nothing but space between are one, as to the compiler."""
        joined, last_end = [], None
        for line, start, end, text in self._literals:
            if joined and self._code[last_end:start].strip() == "":
                joined[-1] = (joined[-1][0], joined[-1][1] + text)
            else:
                joined.append((line, text))
            last_end = end
        return joined

    def functions(self):
        """(line, lines from head to closing brace, name) of every function outside functions."""
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: _blank(match.group()), self._code, flags=re.M)
        found, stack, head_start = [], [], 0
        for mark in re.finditer(r"[{};]", code):
            at = mark.start()
            if mark.group() == "{":
                stack.append(self._opened(code, head_start, at, stack, found))
            elif mark.group() == "}" and stack:
                start = stack.pop()
                if isinstance(start, int):
                    self._closed(code, start, at, found)
            if mark.group() == ";" or not (stack and stack[-1] != "scope"):
                head_start = at + 1
        return [(line, length, name) for line, length, name, _ in found]

    @staticmethod
    def _opened(code, head_start, at, stack, found):
        """What a brace opens: "scope", "block", or a function that began at the offset."""
        if stack and stack[-1] != "scope":
            return "block"
        head = code[head_start:at]
        if SCOPE.search(head) and "(" not in re.sub(r"\([^()]*\)\s*(?=\w+\s*(final\s*)?(:[^:]|$))", "", head):
            return "scope"
        stripped = head.strip()
        if found and (stripped == "" or stripped.startswith(",")):
            return found.pop()[3]  # `a_{1}, b_{2} {`: the braces of initialisers before the body
        if "(" in head and not stripped.endswith("="):
            return head_start + ACCESS.match(head).end()
        return "scope" if re.search(r"\b(namespace|extern)\b", head) else "block"

    @staticmethod
    def _closed(code, start, end, found):
        head = code[start:code.index("{", start)]
        name = re.search(r"([~\w:]+)\s*\(", head)
        line = code.count("\n", 0, start) + 1
        found.append((line, code.count("\n", start, end) + 1, name.group(1) if name else "a function", start))
