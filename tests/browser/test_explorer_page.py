"""The explorer: the browser decodes what PyTorch decodes, and every control works."""

import base64
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, Route

from tests.browser.conftest import Visit
from vaelab.loaded_run import load_run
from vaelab.pictures import png_bytes

TOLERANCE = 1e-3
# One pixel.
PICTURE = (
    "data:image/png;base64," + base64.b64encode(png_bytes(np.zeros((1, 1, 1), np.uint8))).decode()
)
READY = "() => window.vaelabExplorer.ready"
STATE = "() => window.vaelabExplorer.state()"


def explore(visit: Visit, address: str = "") -> Page:
    page = visit.go(f"explorer.html{address}")
    page.evaluate(READY)
    return page


def decoded(page: Page, slug: str, *, after: int = 0) -> np.ndarray:
    """The image of a model, once the page has shown more than `after` images."""
    page.wait_for_function(
        """([slug, after]) =>
            vaelabExplorer.pixels(slug) !== null && vaelabExplorer.frames() > after""",
        arg=[slug, after],
    )
    pixels = page.evaluate("slug => [...window.vaelabExplorer.pixels(slug)]", slug)
    return np.array(pixels, np.float32).reshape(1, 28, 28)


def settled(page: Page) -> int:
    """The number of images shown, once nothing is being decoded."""
    frames = "() => window.vaelabExplorer.frames()"
    before = -1
    while (now := page.evaluate(frames)) != before or now == 0:
        before = now
        page.wait_for_timeout(200)
    return now


def state(page: Page) -> dict[str, Any]:
    return page.evaluate(STATE)


@pytest.mark.parametrize(
    ("name", "code", "label"),
    [
        ("mlp-vae", [0.5, -1.25, 2.0, 0, 0.75, -0.5, 1.5, -2.0, 0.25, 1.0], None),
        ("mlp-vae-2d", [1.25, -0.5], None),
        ("cvae-2d", [-0.75, 1.5], 7),
        ("autoencoder", [3.0, -4.0, 1.5, 0, 2.25, -1.5, 0.5, 2.0, -0.25, 1.0], None),
    ],
)
def test_the_browser_decodes_what_pytorch_decodes(
    visit: Visit, study_folder: Path, name: str, code: list[float], label: int | None
) -> None:
    address = f"#models={name}&z={','.join(map(str, code))}"
    page = explore(visit, address if label is None else f"{address}&class={label}")
    model = load_run(study_folder / name).model
    with torch.no_grad():
        labels = None if label is None else torch.tensor([label])
        expected = model.decode(torch.tensor([code]), labels)[0].numpy()
    assert np.abs(decoded(page, name) - expected).max() < TOLERANCE


def test_an_image_is_reconstructed_by_every_model_side_by_side(
    served_visit: Visit, study_folder: Path
) -> None:
    page = explore(served_visit, "#models=mlp-vae,cvae-2d,mlp-vae-2d&image=17")
    for name in ("mlp-vae", "cvae-2d", "mlp-vae-2d"):
        loaded = load_run(study_folder / name)
        batch = loaded.test_batch([17])
        with torch.no_grad():
            expected = loaded.model.reconstruct(batch.x, batch.labels)[0].numpy()
        assert np.abs(decoded(page, name) - expected).max() < TOLERANCE
    label = loaded.data.test.class_names[int(batch.labels[0])]
    assert page.get_by_text(f"Test image 17, {label}").first.is_visible()


def test_models_of_other_sizes_say_why_they_show_nothing(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae,mlp-vae-2d")
    assert page.get_by_text("has 2 latent dimensions, not 10").is_visible()


def test_a_slider_changes_the_image_and_the_address(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae")
    before = decoded(page, "mlp-vae")
    shown = settled(page)
    slider = page.get_by_role("slider").and_(page.locator(".ex-slider input")).first
    slider.focus()
    for _ in range(40):
        slider.press("ArrowRight")
    assert np.abs(decoded(page, "mlp-vae", after=shown) - before).max() > 0
    page.wait_for_url("**z=*")
    assert max(map(abs, state(page)["code"])) > 0.1


def test_a_link_restores_the_image(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=cvae-2d")
    page.get_by_role("button", name="Random code").click()
    settled(page)
    seen, link = decoded(page, "cvae-2d"), page.url
    assert "z=" in link
    page.goto("about:blank")
    page.goto(link)
    page.evaluate(READY)
    assert np.abs(decoded(page, "cvae-2d") - seen).max() < 0.02


def test_copy_link_copies_the_address(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=cvae-2d&class=3")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_class_button_keeps_the_style(served_visit: Visit, study_folder: Path) -> None:
    page = explore(served_visit, "#models=cvae-2d&z=0.5,-0.5&class=0")
    decoded(page, "cvae-2d")
    shown = settled(page)
    loaded = load_run(study_folder / "cvae-2d")
    wanted = 5
    page.get_by_role("button", name=loaded.run.data.class_names[wanted], exact=True).and_(
        page.locator(".ex-class")
    ).click()
    with torch.no_grad():
        expected = loaded.model.decode(torch.tensor([[0.5, -0.5]]), torch.tensor([wanted]))
    found = decoded(page, "cvae-2d", after=shown)
    assert np.abs(found - expected[0].numpy()).max() < TOLERANCE
    assert state(page)["label"] == wanted


def test_random_image_reset_and_back(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae-2d")
    page.get_by_role("button", name="Random image").first.click()
    page.wait_for_url("**image=*")
    image = state(page)["image"]
    assert image is not None
    page.get_by_role("button", name="Reset", exact=True).click()
    page.wait_for_function("() => !location.hash.includes('image=')")
    assert state(page)["image"] is None
    page.go_back()
    page.wait_for_url("**image=*")
    assert state(page)["image"] == image


def test_an_autoencoder_has_nothing_to_draw_from(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=autoencoder")
    draw = page.get_by_role("button", name="Random code")
    assert draw.is_disabled()
    assert draw.get_attribute("title") == "This model has no prior to sample from."


def test_a_random_code_is_a_draw_of_the_prior(served_visit: Visit) -> None:
    served_visit.page.add_init_script("Math.random = () => 0.75")
    page = explore(served_visit, "#models=mlp-vae-2d")
    shown = settled(page)
    page.get_by_role("button", name="Random code").click()
    decoded(page, "mlp-vae-2d", after=shown)
    noise = math.sqrt(-2 * math.log(0.25)) * math.cos(1.5 * math.pi)
    assert state(page)["code"] == pytest.approx([noise, noise], abs=1e-5)


def changed(page: Page, **changes: Any) -> None:
    """Change what the site says of its models."""

    def change(route: Route) -> None:
        text = route.fetch().text()
        head, _, tail = text.partition(",")
        index = json.loads(tail.removesuffix(");\n"))
        for model in index["models"]:
            model |= changes
        route.fulfill(body=f"{head},{json.dumps(index)});", content_type="text/javascript")

    page.route("**/explorer/index.js", change)


def test_stored_samples_are_shown_where_the_browser_cannot_draw(served_visit: Visit) -> None:
    page, note = served_visit.page, "The prior of this model cannot run in a browser."
    changed(page, noiseSize=0, samplingNote=note, hasSamples=True)
    page.route(
        "**/mlp-vae-2d/samples.js",
        lambda route: route.fulfill(
            body=f'vaelabProvide("mlp-vae-2d/samples","{PICTURE}");', content_type="text/javascript"
        ),
    )
    page = explore(served_visit, "#models=mlp-vae-2d")
    page.get_by_role("img", name="Stored samples of mlp-vae-2d").wait_for()
    assert page.get_by_text(note).is_visible()
    assert page.get_by_role("button", name="Random code").is_disabled()


def test_codes_that_were_not_stored_are_encoded(served_visit: Visit, study_folder: Path) -> None:
    changed(served_visit.page, hasCodes=False, dimensions=[])
    served_visit.page.route("**/codes.js", lambda route: route.abort())
    page = explore(served_visit, "#models=mlp-vae&image=17")
    loaded = load_run(study_folder / "mlp-vae")
    batch = loaded.test_batch([17])
    with torch.no_grad():
        expected = loaded.model.reconstruct(batch.x, batch.labels)[0].numpy()
    assert np.abs(decoded(page, "mlp-vae") - expected).max() < TOLERANCE
    assert page.get_by_text("too large for sliders").is_visible()


def test_models_are_chosen_and_compared(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae-2d")
    page.get_by_label("Model", exact=True).select_option("cvae-2d")
    page.get_by_text("Compare with").click()
    page.get_by_role("checkbox", name="mlp-vae-2d").check()
    page.wait_for_url("**models=cvae-2d,mlp-vae-2d*")
    assert decoded(page, "mlp-vae-2d").shape == (1, 28, 28)


@pytest.mark.parametrize("address", ["#models=none", "#z=a,b&image=-3&class=99&map=x", "#%%%"])
def test_an_invalid_address_does_no_harm(served_visit: Visit, address: str) -> None:
    page = explore(served_visit, address)
    assert decoded(page, state(page)["models"][0]).shape == (1, 28, 28)


def test_the_original_stays_while_sliders_move(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae,mlp-vae-2d&image=5")
    shown = settled(page)
    page.locator(".ex-slider input").first.press("ArrowRight")
    decoded(page, "mlp-vae", after=shown)
    assert state(page)["image"] == 5
    assert page.get_by_text("Test image 5").first.is_visible()
    assert page.get_by_text("its own code of the test image").is_visible()


def test_a_late_code_does_not_undo_later_changes(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae")
    settled(page)
    delayed: list[Route] = []
    page.route("**/mlp-vae/codes.js", lambda route: delayed.append(route))
    with page.expect_request("**/mlp-vae/codes.js"):
        page.get_by_role("button", name="Random image").first.click()
    slider = page.locator(".ex-slider input").first
    slider.press("ArrowRight")
    wanted = slider.input_value()
    with page.expect_response("**/mlp-vae/codes.js"):
        delayed[0].continue_()
    settled(page)
    assert slider.input_value() == wanted
    assert float(wanted) == pytest.approx(max(state(page)["code"]))


def test_a_missing_decoder_is_reported_in_its_place(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae")
    settled(page)
    page.route("**/cvae-2d/decoder.js", lambda route: route.abort())
    page.get_by_label("Model", exact=True).select_option("cvae-2d")
    page.locator(".ex-panels").get_by_text("cvae-2d/decoder.js cannot be loaded").wait_for()
    served_visit.errors.clear()  # the browser reports it, too


def test_the_focus_stays_where_it_was(served_visit: Visit) -> None:
    page = explore(served_visit, "#models=mlp-vae")
    page.get_by_text("Compare with").click()
    box = page.get_by_role("checkbox", name="cvae-2d")
    box.focus()
    box.press("Space")
    page.wait_for_url("**models=mlp-vae,cvae-2d*")
    assert box.evaluate("box => box === document.activeElement")
    box.press("Escape")
    assert page.get_by_text("Compare with").evaluate("menu => menu === document.activeElement")
