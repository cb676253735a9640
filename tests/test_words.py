"""Words that the project avoids, and what to write instead."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("src", "web", "docs", "tests", "benchmarks", "scripts", "notebooks", ".github")
SUFFIXES = {".py", ".ts", ".css", ".html", ".j2", ".md", ".ipynb", ".toml", ".yml", ".yaml"}
FILES = sorted(
    path
    for path in [*ROOT.glob("*"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*"))]
    if path.suffix in SUFFIXES
    and path.is_file()
    and path != Path(__file__)
    and not {"node_modules", "built", "__pycache__"} & set(path.parts)
)
# In tests a result may be known to be perfect; elsewhere the word stood for a floor.
OUTSIDE_TESTS = {"perfect"}

# A regular expression, with underscores as spaces, and what to write instead.
WORDS = {
    # Concepts.
    r"judge[ds]?|judging|judgements?": "reference classifier, or evaluate",
    r"class readers?|misreads?|misread": "auxiliary classifier, auxiliary cross-entropy",
    r"class as asked|controllability": "conditional accuracy",
    r"near[ -]copies": "memorization rate",
    r"marginal gap": "KL(q(z) || p(z)), aggregate_posterior_kl",
    r"label[ -]left": "label leakage",
    r"(?<!separated )attribute predictability": "sap",
    r"useless": "baseline, or say what it is",
    r"perfect": "floor, or say what it is",
    r"fates?|chronicles?|cadences?|crew|knobs?|formers": "plain terms",
    r"R[1345]|R2's|\(R2\)": "describe the source: a per-sample torchvision-style loop, ...",
    # Sentences.
    r"beside|besides": "next to, with, also",
    r"told|(?<!study.)tells?|telling": "say, report, state",
    r"nobody|anybody|somebody|whoever": "no one, any user's",
    r"looked at": "inspected, plotted, checked",
    r"goes on|go on|going on|went on|gone on": "continue, resume",
    r"of (its|their) own": "own, separate, or nothing",
    r"(what|that|which|it|one|none|file|folder|data|images?) (is|are|was) there": "exists",
    r"(is|are|was|be|been) held(?![ -]out)": "stored, kept, compared",
    r"held to": "trained with, checked against",
    r"(is|are|was|be|been) taken (at|as|from|in|on|once|to|with|of)": "computed, measured",
    r"in words(?! else)": "as text, in sentences",
    r"anew|afresh": "again",
    r"whole or not at all": "atomically",
    r"in any company|only watched|from the wrong side": "plain words",
    r"neither on disk nor|to this machine alone|all that it can have": "plain words",
    r"(?<!there )is no (run|file|folder|image|study)": "is not a ...",
    r"none picked|put right|sees to": "plain words",
    r"the net": "the internet",
    r"artefacts?": "outputs",
    r"--on (workers|ray|here)|--over": "--executor, --space",
    # Left by a mechanical replacement of "together".
    r"(all|works?|working|read|processes|them|drawn|images|pixels) process group": "together",
    # American spelling.
    r"grey\w*|colour\w*|behaviour\w*|centre\w*|neighbour\w*": "American spelling",
    r"favour\w*|honour\w*|licence\w*|labell\w+|modell\w+|catalogue|dialogue": "American spelling",
    r"(normal|organ|optim|initial|visual|general)is(e|ed|es|ing)": "American spelling",
    r"(minim|maxim|recogn|summar|factor|binar)is(e|ed|es|ing)": "American spelling",
}

# Names of modules that did not say what they contain.
MODULES = {
    *("beside", "cadence", "crew", "drawn", "fates", "formers", "gaps", "glossary", "here"),
    *("judged", "judges", "making", "shown", "skill", "subject", "walks", "watch", "wording"),
}


def spaced(text: str) -> str:
    """The text in which underscores are spaces, and which has the same positions."""
    return text.replace("_", " ")


@pytest.mark.parametrize("pattern", WORDS)
def test_the_word_is_not_used(pattern: str) -> None:
    expression = re.compile(rf"(?<![A-Za-z0-9-])(?:{pattern})(?![A-Za-z0-9])", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in FILES
        if not (pattern in OUTSIDE_TESTS and path.is_relative_to(ROOT / "tests"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if expression.search(spaced(line))
    ]
    advice = WORDS[pattern]
    assert not found, f"write {advice!r} in\n" + "\n".join(found)


def test_modules_are_named_after_what_they_contain() -> None:
    names = {path.stem for path in FILES if path.suffix in {".py", ".ts"}}
    assert not names & MODULES
