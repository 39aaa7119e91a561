"""The directive `stub`: a page of an interface from a .pyi file, its classes and functions with
their types and docstrings.

    ```{stub} ../micropython_lib/fqt.pyi
    ```

Names of types, and comments, are left to the page.
"""

import ast
import copy
import re
from pathlib import Path

from sphinx.util.docutils import SphinxDirective


class Stub(SphinxDirective):
    """Everything public in a stub, in the order of the file."""

    required_arguments = 1
    has_content = False

    def run(self) -> list:
        path = Path(self.env.srcdir, self.arguments[0]).resolve()
        self.env.note_dependency(str(path))
        source = path.read_text()
        tree = ast.parse(source)
        lines = [line for node, after in with_next(tree.body) for line in described(node, after)]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def with_next(body: list[ast.stmt]):
    """Each statement with the docstring behind it, where there is one."""
    for node, after in zip(body, [*body[1:], None], strict=True):
        yield node, docstring(after) if after is not None else ""


def docstring(node: ast.AST) -> str:
    value = getattr(node, "value", None)
    if isinstance(node, ast.Expr) and isinstance(value, ast.Constant):
        return clean(value.value)
    return ""


def clean(text: str | None) -> str:
    """A docstring without its indentation, its __names__ as code."""
    plain = "\n".join(line.strip() for line in (text or "").splitlines()).strip()
    return re.sub(r"(?<![`\w])__\w+__(?![`\w])", r"`\g<0>`", plain)


def described(node: ast.stmt, after: str) -> list[str]:
    """The MyST text of a statement; none of what is private, imported or a type's name."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        title = f"`{node.name}`" + (f" ({bases})" if bases else "")
        inside = [line for one, doc in with_next(node.body) for line in member(one, doc)]
        return ["", f"## {title}", "", *class_of(node), *inside, "::::::"]
    if isinstance(node, ast.FunctionDef):
        return ["", f"## `{node.name}`", "", *callable_of("function", node)]
    if isinstance(node, ast.AnnAssign) and after:
        return ["", f"## `{node.target.id}`", "", *data_of("data", node, after)]
    return []


def class_of(node: ast.ClassDef) -> list[str]:
    """The head of a class, with what makes one; its end is the caller's."""
    functions = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    made = [one for one in functions if one.name == "__init__"]
    signature = signature_of(made[0]) if made else ""
    told = [part for one in [node, *made] for part in (clean(ast.get_docstring(one)), "")]
    return ["::::::{py:class} " + node.name + signature, "", *told]


def member(node: ast.stmt, after: str) -> list[str]:
    if isinstance(node, ast.AnnAssign):
        return data_of("attribute", node, after)
    if not isinstance(node, ast.FunctionDef) or node.name == "__init__":
        return []
    marks = [ast.unparse(mark) for mark in node.decorator_list]
    if any(mark.endswith(".setter") for mark in marks):
        return []
    if "property" in marks:
        doc = clean(ast.get_docstring(node))
        kind = f"   :type: {ast.unparse(node.returns)}" if node.returns else ""
        return [":::::{py:property} " + node.name, kind.strip(), "", doc, ":::::", ""]
    doc = ast.get_docstring(node)
    return callable_of("method", node) if doc or not node.name.startswith("__") else []


def data_of(kind: str, node: ast.AnnAssign, doc: str) -> list[str]:
    name = ast.unparse(node.target)
    head = f":::::{{py:{kind}}} {name}"
    return [head, f":type: {ast.unparse(node.annotation)}", "", doc, ":::::", ""]


def callable_of(kind: str, node: ast.FunctionDef) -> list[str]:
    head = f":::::{{py:{kind}}} {node.name}{signature_of(node, kind == 'function')}"
    return [head, "", clean(ast.get_docstring(node)), ":::::", ""]


def signature_of(node: ast.FunctionDef, with_first: bool = False) -> str:
    """(arguments) -> result, without self."""
    arguments = copy.deepcopy(node.args)
    if not with_first:
        (arguments.posonlyargs or arguments.args).pop(0)
    has_result = node.returns and node.name != "__init__"
    result = f" -> {ast.unparse(node.returns)}" if has_result else ""
    return f"({ast.unparse(arguments)}){result}"


def setup(app) -> dict:
    app.add_directive("stub", Stub)
    return {"parallel_read_safe": True}
