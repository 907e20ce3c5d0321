"""The OpenAPI document as a page to read: one file of HTML that loads nothing else."""

import json
import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from calltally.api.openapi.schema_text import schema_fields, schema_text

STYLE = """
:root { color-scheme: light dark; --text: #1d2430; --soft: #5b6575; --back: #fbfcfe; --card: #fff;
  --line: #dde2ea; --link: #0b57b8; --get: #0b6b3a; --post: #0b57b8; --put: #935200; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e8ef; --soft: #9aa5b6; --back: #11151c;
  --card: #181e28; --line: #2d3644; --link: #83b6ff; --get: #63d298; --post: #83b6ff; --put: #f0b35b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1rem 6rem; max-width: 70rem; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 small, summary span, header p, section > p, td:last-child { color: var(--soft); }
h1 small { font-size: 1rem; font-weight: normal; }
h2 { margin: 2.5rem 0 .25rem; }
h4 { margin: 1rem 0 .25rem; }
a { color: var(--link); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
em { color: var(--put); font-size: .8em; font-style: normal; }
nav { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: .6rem 0;
  background: var(--back); border-bottom: 1px solid var(--line); }
details, article { margin: .5rem 0; padding: .6rem 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; scroll-margin-top: 3rem; }
h2 { scroll-margin-top: 3rem; }
h3 { margin: 0; font: 600 1rem ui-monospace, monospace; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 3.2rem; font: 600 .8rem ui-monospace, monospace; }
b.get { color: var(--get); } b.post { color: var(--post); } b.put { color: var(--put); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
"""


_Data = dict[str, Any]

_NAME = re.compile(r"(`+)([^`]+)\1")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def openapi_page(document: _Data) -> str:
    """Every operation by tag, with its parameters, bodies and answers, and every schema."""
    info = document["info"]
    tags = "".join(_tag(document, tag) for tag in document["tags"] if any(_operations(document, tag["name"])))
    schemas = "".join(
        _schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items())
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style></head><body>"
        f"<header><h1>{escape(info['title'])} API <small>{escape(info['version'])}</small></h1>"
        f"<p>{escape(info['description'])}</p>"
        '<p>For programs: <a href="/openapi.json">openapi.json</a>, OpenAPI '
        f"{escape(document['openapi'])}.</p></header>"
        f'<nav>{_contents(document)}</nav><main>{tags}<section><h2 id="schemas">Schemas</h2>'
        f"{schemas}</section></main></body></html>\n"
    )


def _contents(document: _Data) -> str:
    tags = [tag["name"] for tag in document["tags"] if any(_operations(document, tag["name"]))]
    links = [f'<a href="#{_anchor(name)}">{escape(name)}</a>' for name in tags]
    return " ".join([*links, '<a href="#schemas">Schemas</a>'])


def _operations(document: _Data, tag: str) -> Iterator[tuple[str, str, _Data]]:
    """Path, method and operation of all that a tag holds."""
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item and tag in item[method]["tags"]:
                yield path, method, item[method]


def _tag(document: _Data, tag: _Data) -> str:
    operations = "".join(_operation(*found) for found in _operations(document, tag["name"]))
    return (
        f'<section><h2 id="{_anchor(tag["name"])}">{escape(tag["name"])}</h2>'
        f"<p>{escape(tag['description'])}</p>{operations}</section>"
    )


def _operation(path: str, method: str, operation: _Data) -> str:
    description = f"<p>{_prose(operation['description'])}</p>" if "description" in operation else ""
    name = escape(operation["operationId"])
    return (
        f'<details id="{name}"><summary><b class="{method}">{method.upper()}</b> '
        f"<code>{escape(path)}</code> <span>{escape(operation['summary'])}</span></summary>"
        f"<p>Operation <code>{name}</code>. {_security(operation['security'])}</p>"
        f"{description}{_parameters(operation.get('parameters', []))}{_body(operation.get('requestBody'))}"
        f"{_responses(operation['responses'])}</details>"
    )


def _security(alternatives: list[_Data]) -> str:
    if not any(alternatives):
        return "Open to everyone."
    if {} in alternatives:
        return "Credentials may also come by HTTP Basic."
    wanted = [
        " and ".join(f"<code>{escape(name)}</code>" for name in one.get("oauth2", ())) for one in alternatives
    ]
    return f"Needs a token with {' or '.join(filter(None, wanted))}."


def _parameters(parameters: list[_Data]) -> str:
    rows = [
        (
            f"<code>{escape(one['name'])}</code>{_required(one.get('required', False))}",
            escape(one["in"]),
            schema_text(one["schema"]),
            _prose(one.get("description", one["schema"].get("description", ""))) + _examples(one),
        )
        for one in parameters
    ]
    return _table("Parameters", ("Name", "In", "Type", "Meaning"), rows)


def _body(body: _Data | None) -> str:
    if body is None:
        return ""
    rows = [
        (
            f"<code>{escape(media_type)}</code>",
            schema_text(content["schema"]),
            _prose(content["schema"].get("description", "")) + _examples(content),
        )
        for media_type, content in body["content"].items()
    ]
    return _table("Body", ("Content type", "Holds", "Meaning"), rows)


def _responses(responses: _Data) -> str:
    rows = []
    for status, response in responses.items():
        schemas = dict.fromkeys(schema_text(content["schema"]) for content in response["content"].values())
        types = ", ".join(f"<code>{escape(media_type)}</code>" for media_type in response["content"])
        headers = ", ".join(f"<code>{escape(name)}</code>" for name in response.get("headers", ()))
        rows.append((status, _prose(response["description"]), "<br>".join(schemas), types, headers))
    return _table("Answers", ("Status", "When", "Body", "Content type", "Headers"), rows)


def _schema(name: str, schema: _Data) -> str:
    description = f"<p>{_prose(schema['description'])}</p>" if "description" in schema else ""
    rows = [
        (
            f"<code>{escape(field)}</code>{_required(required)}",
            schema_text(part),
            _prose(part.get("description", "")),
        )
        for field, part, required in schema_fields(schema)
    ]
    fields = _table("", ("Field", "Type", "Meaning"), rows) if rows else f"<p>{schema_text(schema)}</p>"
    return f'<article id="{_anchor(name)}"><h3>{escape(name)}</h3>{description}{fields}</article>'


def _table(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already; nothing where there are no rows."""
    if not rows:
        return ""
    head = "".join(f"<th>{text}</th>" for text in heads)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    caption = f"<h4>{title}</h4>" if title else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    return f'{caption}<div class="wide">{table}</div>'


def _examples(told: _Data) -> str:
    """The examples of a parameter or a body."""
    values = [example["value"] for example in told.get("examples", {}).values()]
    texts = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return "".join(f" For example <code>{escape(text)}</code>." for text in texts)


def _prose(text: str) -> str:
    """A text with its names in code, which stand between backticks."""
    return _NAME.sub(r"<code>\2</code>", escape(text))


def _required(required: bool) -> str:
    return " <em>required</em>" if required else ""


def _anchor(name: str) -> str:
    return escape(name.replace(" ", "-"))
