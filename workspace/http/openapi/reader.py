"""The description as a page to read: one file without scripts, made from the same value that programs get."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from crdt.digest import Json

Object = dict[str, Json]
STYLE = """
:root { color-scheme: light dark; --paper: light-dark(#fffdf8, #1d1c1a); --ground: light-dark(#f4f1ea, #151412);
  --ink: light-dark(#26231d, #ece7dc); --soft: light-dark(#5d574b, #bdb6a7); --line: light-dark(#e4dfd3, #35322d);
  --accent: light-dark(#5b45c9, #9d8cf5); font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  color: var(--ink); background: var(--ground); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 28px 24px 80px; display: grid; gap: 0 40px;
  grid-template-columns: 200px minmax(0, 1fr); }
header { grid-column: 1 / -1; padding-bottom: 16px; }
h1 { font-size: 24px; margin: 0 0 8px; } h2 { font-size: 18px; margin: 40px 0 4px; }
h3 { font-size: 12.5px; margin: 18px 0 6px; color: var(--soft); font-weight: 600; }
p { margin: 0 0 8px; max-width: 72ch; } .soft { color: var(--soft); }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
nav { position: sticky; top: 20px; align-self: start; max-height: calc(100vh - 40px); overflow: auto; }
nav ul { list-style: none; margin: 0; padding: 0; } nav a { display: block; padding: 3px 0; text-decoration: none; }
nav a:hover { text-decoration: underline; } main > section:first-child h2 { margin-top: 0; }
nav a::first-letter, h2::first-letter { text-transform: uppercase; }
code, pre { font: 13px/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { overflow-wrap: anywhere; }
pre { margin: 0; padding: 10px 12px; border-radius: 6px; background: var(--ground); white-space: pre-wrap;
  overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: 10px; background: var(--paper); margin: 8px 0;
  scroll-margin-top: 12px; }
summary { display: grid; grid-template-columns: 62px minmax(0, 1fr); gap: 0 10px; padding: 9px 14px; cursor: pointer;
  list-style: none; }
summary::-webkit-details-marker { display: none; } summary:hover code { color: var(--accent); }
summary .said { grid-column: 2; color: var(--soft); }
.method { font-weight: 650; font-size: 12.5px; letter-spacing: .03em; padding-top: 2px; }
.inner { padding: 10px 14px 14px; border-top: 1px solid var(--line); }
dl { margin: 0; display: grid; grid-template-columns: minmax(90px, max-content) minmax(0, 1fr); gap: 5px 16px; }
dt { font-weight: 600; } dd { margin: 0; } dt code { font-weight: 600; }
.type > dl { grid-template-columns: minmax(90px, 200px) minmax(0, 1fr); }
.type { padding: 14px 0; border-top: 1px solid var(--line); scroll-margin-top: 12px; } .type h3 { color: inherit;
  font-size: 14px; margin: 0 0 4px; }
@media (max-width: 760px) {
  body { display: block; padding: 18px 14px 60px; } nav { position: static; max-height: none; }
  nav ul { display: flex; flex-wrap: wrap; gap: 0 14px; } nav a { padding: 7px 0; }
  main > section:first-child h2 { margin-top: 28px; } summary { padding: 11px 12px; }
  .inner { padding: 10px 12px 12px; }
  dl, .type > dl { display: block; } dt { margin-top: 8px; }
}
"""
HEAD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Folkmoot: the HTTP API</title>
<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">"""
KEYS = {
    "": "Anybody may ask.",
    "bearer cookie": "For whoever has a key: <code>Authorization: Bearer TOKEN</code>, or the page’s cookie.",
    " bearer cookie": "Anybody may ask; with a key, as who one is.",
}


def page_of(told: Object) -> str:
    """Return the page that says what a description says."""
    info, tags = told["info"], [tag["name"] for tag in told["tags"]]
    links = "".join(f'<li><a href="#{_id(name)}">{escape(name)}</a>' for name in [*tags, "types"])
    sections = "".join(_section(told, tag) for tag in told["tags"])
    return (
        f"{HEAD}<style>{STYLE}</style></head><body><header><h1>Folkmoot: the HTTP API</h1>"
        f"<p>{_prose(info['description'])}</p><p class=soft>Version {escape(info['version'])}; "
        'for programs: <a href="openapi.json">openapi.json</a></p></header>'
        f'<nav aria-label="Contents"><ul>{links}</ul></nav><main>{sections}{_types(told)}</main></body></html>'
    )


def _section(told: Object, tag: Object) -> str:
    routes = [
        _route(told, path, method, operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
        if tag["name"] in operation["tags"]
    ]
    head = (
        f'<section id="{_id(tag["name"])}"><h2>{escape(tag["name"])}</h2><p class=soft>{_prose(tag["description"])}</p>'
    )
    return f"{head}{''.join(routes)}</section>"


def _route(told: Object, path: str, method: str, operation: Object) -> str:
    parts = [f"<p>{KEYS[' '.join(key for one in operation['security'] for key in (one or {'': 0}))]}</p>"]
    if operation["parameters"]:
        parts += ["<h3>Parameters</h3><dl>", *(_parameter(told, one) for one in operation["parameters"]), "</dl>"]
    if "requestBody" in operation:
        for media, content in operation["requestBody"]["content"].items():
            parts += ["<h3>Body</h3>", _content(media, content)]
    parts.append("<h3>Answers</h3><dl>")
    for status, answer in operation["responses"].items():
        parts.append(f"<dt>{status}<dd>{_answer(_resolved(told, answer))}")
    return (
        f'<details id="{operation["operationId"]}"><summary><span class=method>{method.upper()}</span>'
        f"<code>{escape(path)}</code><span class=said>{_prose(operation['summary'])}</span></summary>"
        f"<div class=inner>{''.join(parts)}</dl></div></details>"
    )


def _parameter(told: Object, given: Object) -> str:
    one = _resolved(told, given)
    where = {"path": "in the path", "query": "", "header": "in the head"}[one["in"]]
    said = "; ".join(filter(None, (where, _spelt(one["schema"]))))
    return f"<dt><code>{escape(one['name'])}</code><dd>{_prose(one['description'])} <span class=soft>({said})</span>"


def _answer(answer: Object) -> str:
    lines = [_prose(answer["description"])]
    lines += [
        f"<br><span class=soft><code>{escape(name)}</code>: {_prose(header['description'])}</span>"
        for name, header in answer.get("headers", {}).items()
    ]
    # A problem looks the same everywhere: its type is told once.
    contents = answer.get("content", {}).items()
    lines += [_content(media, content) for media, content in contents if media != "application/problem+json"]
    return "".join(lines)


def _content(media: str, content: Object) -> str:
    schema = content.get("x-each-line") or content.get("schema", {})
    example = content.get("x-example-line") or content.get("example")
    kind = f" · {_spelt(schema)}" if schema and schema != {"type": "string"} else ""
    head = f"<p class=soft><code>{escape(media)}</code>{kind}</p>"
    if example is None:
        return head
    return f"{head}<pre>{escape(json.dumps(example, ensure_ascii=False, indent=1))}</pre>"


def _types(told: Object) -> str:
    schemas = told["components"]["schemas"]
    return (
        '<section id="about-types"><h2>types</h2><p class=soft>What bodies and answers are made of. '
        "A field with <i>or left out</i> need not be there.</p>"
        f"{''.join(_type(name, schema) for name, schema in schemas.items())}</section>"
    )


def _type(name: str, schema: Object) -> str:
    rows = "".join(
        f"<dt><code>{escape(field)}</code><dd>{_spelt(kind)}"
        f"{'' if field in schema.get('required', ()) else ' <i class=soft>or left out</i>'}"
        for field, kind in schema.get("properties", {}).items()
    )
    said = _prose(schema.get("description", ""))
    return f'<div class=type id="type-{name}"><h3><code>{name}</code></h3><p>{said}</p><dl>{rows}</dl></div>'


def _spelt(schema: Object) -> str:
    """Return a schema in words, as HTML; the types it names lead to themselves."""
    return " or ".join(dict.fromkeys(_alternatives(schema))) + _bounds(schema)


def _alternatives(schema: Object) -> Iterator[str]:
    match schema:
        case {"$ref": str() as reference}:
            name = reference.rpartition("/")[2]
            yield f'<a href="#type-{name}"><code>{name}</code></a>'
        case {"anyOf": list() as parts}:
            for part in parts:
                yield from _alternatives(part)
        case {"enum": list() as words}:
            yield " ".join(f"<code>{escape(str(word))}</code>" for word in words)
        case {"type": "array", "prefixItems": list() as parts}:
            yield f"[{', '.join(map(_spelt, parts))}]"
        case {"type": "array"}:
            yield f"list of {_spelt(schema.get('items') or {})}"
        case {"type": "object", "additionalProperties": dict() as inner}:
            yield f"object of {_spelt(inner)}"
        case {"type": str() as kind}:
            yield kind
        case _:
            yield "anything"


def _bounds(schema: Object) -> str:
    said = f", {schema['minimum']} to {schema['maximum']}" if "minimum" in schema and "maximum" in schema else ""
    default: Any = schema.get("default")
    # An empty default says no more than that it may be left out.
    shown = default not in (None, "", [], {}) and not isinstance(default, dict | list)
    return said + (f", else <code>{escape(json.dumps(default))}</code>" if shown else "")


def _prose(text: str) -> str:
    """Return a docstring's words as HTML: what stands in backticks is code."""
    found = "".join(
        f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(text.split("`"))
    )
    return re.sub(r"\n\n+", "<br>", found)


def _resolved(told: Object, given: Object) -> Object:
    if "$ref" not in given:
        return given
    _, _, kind, name = given["$ref"].split("/")
    found: Object = told["components"][kind][name]
    return found


def _id(name: str) -> str:
    return f"about-{name.replace(' ', '-')}"
