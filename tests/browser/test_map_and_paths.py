"""The latent map and interpolations: clicks, walks, lassos, uploads and drawings."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page

from tests.browser.conftest import Visit
from tests.browser.test_explorer_page import decoded, explore, settled, state
from vaelab.loaded_run import load_run

MODEL = "#models=mlp-vae-2d"
ONE_STEP = 4 * 28 + 4  # of a saved strip, in pixels


def latent_map(page: Page) -> Locator:
    shown = page.get_by_role("application")
    shown.wait_for()
    return shown


def tool(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Map tools").get_by_role("button", name=name)


def end(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def steps(page: Page) -> Locator:
    """The steps of the first model's interpolation, once they are decoded."""
    found = page.get_by_role("button", name="Step 1 of", exact=False)
    page.get_by_role("heading", name="Interpolation between images").scroll_into_view_if_needed()
    found.first.wait_for()
    return page.get_by_role("group", name="Steps,").first.get_by_role("button")


def test_arrow_keys_walk_over_the_plane(served_visit: Visit, study_folder: Path) -> None:
    page = explore(served_visit, f"{MODEL}&z=0,0")
    decoded(page, "mlp-vae-2d")
    shown = settled(page)
    latent_map(page).focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => window.vaelabExplorer.state().code[0] > 0")
    code = state(page)["code"]
    assert code[1] == pytest.approx(0, abs=1e-3)
    with torch.no_grad():
        expected = load_run(study_folder / "mlp-vae-2d").model.decode(torch.tensor([code]))
    found = decoded(page, "mlp-vae-2d", after=shown)
    assert np.abs(found - expected[0].numpy()).max() < 2e-3


def test_dragging_walks_and_a_click_decodes_that_point(served_visit: Visit) -> None:
    page = explore(served_visit, f"{MODEL}&z=0,0")
    box = latent_map(page).bounding_box()
    assert box is not None
    x, y = box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"]
    tool(page, "Walk").click()
    assert tool(page, "Walk").get_attribute("aria-pressed") == "true"
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=4)
    first = state(page)["code"]
    page.mouse.move(x + 120, y, steps=4)
    page.mouse.up()
    second = state(page)["code"]
    assert second[0] > first[0]
    assert second[1] == pytest.approx(first[1], abs=0.05)


def test_a_lasso_selects_images_and_one_of_them_is_chosen(served_visit: Visit) -> None:
    page = explore(served_visit, f"{MODEL}&z=0,0")
    box = latent_map(page).bounding_box()
    assert box is not None
    tool(page, "Lasso").click()
    corners = [(0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.03)]
    page.mouse.move(box["x"] + 0.02 * box["width"], box["y"] + 0.02 * box["height"])
    page.mouse.down()
    for across, down in corners[1:]:
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"], steps=5)
    page.mouse.up()
    selected = page.get_by_role("group", name="Selected images").get_by_role("button")
    selected.first.click()
    page.wait_for_url("**image=*")
    name = selected.first.get_attribute("aria-label") or selected.first.inner_text()
    assert name.endswith(f"image {state(page)['image']}")
    page.get_by_role("button", name="Clear selection").click()
    selected.first.wait_for(state="detached")


def test_classes_and_thumbnails_are_toggled(served_visit: Visit) -> None:
    page = explore(served_visit, MODEL)
    latent_map(page)
    legend = page.get_by_role("group", name="Classes shown").get_by_role("button")
    assert legend.first.get_attribute("aria-pressed") == "true"
    legend.first.click()
    assert legend.first.get_attribute("aria-pressed") == "false"
    tool(page, "Thumbnails").click()
    assert tool(page, "Thumbnails").get_attribute("aria-pressed") == "true"


def test_a_step_of_an_interpolation_becomes_the_code(served_visit: Visit) -> None:
    page = explore(served_visit, f"{MODEL}&z=0,0")
    buttons = steps(page)
    assert buttons.count() == 9
    buttons.nth(4).click()
    page.wait_for_function("() => window.vaelabExplorer.state().code.some(value => value !== 0)")


def test_an_upload_is_encoded_as_pytorch_does(
    served_visit: Visit, study_folder: Path, tmp_path: Path
) -> None:
    page = explore(served_visit, f"{MODEL}&z=0,0")
    steps(page)
    loaded = load_run(study_folder / "mlp-vae-2d")
    pixels = loaded.data.test.images[3, 0]
    Image.fromarray(pixels).save(tmp_path / "garment.png")
    end(page, "Start").locator("input[type=file]").set_input_files(tmp_path / "garment.png")
    end(page, "Start").get_by_text("garment.png").first.wait_for()
    with torch.no_grad():
        image = torch.from_numpy(pixels.astype(np.float32) / 255)[None, None]
        expected = loaded.model.encode(image).flat()[0].numpy()

    def first_code() -> list[float]:
        page.get_by_role("group", name="Steps,").first.get_by_role("button").first.click()
        page.wait_for_timeout(200)
        return state(page)["code"]

    page.wait_for_timeout(500)
    assert np.abs(np.array(first_code()) - expected).max() < 1e-3


def test_a_file_that_is_not_an_image_is_refused(served_visit: Visit, tmp_path: Path) -> None:
    page = explore(served_visit, MODEL)
    steps(page)
    (tmp_path / "notes.png").write_text("no image at all")
    end(page, "End").locator("input[type=file]").set_input_files(tmp_path / "notes.png")
    page.get_by_text("cannot read “notes.png” as an image").wait_for()


def test_a_drawing_becomes_an_end(served_visit: Visit) -> None:
    page = explore(served_visit, MODEL)
    steps(page)
    start = end(page, "Start")
    start.get_by_role("button", name="Draw").click()
    sheet = page.get_by_role("img", name="Drawing")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 180, steps=6)
    page.mouse.up()
    page.get_by_role("button", name="Use this drawing").click()
    start.get_by_text("drawing", exact=False).first.wait_for()


def test_a_strip_is_saved_as_png(served_visit: Visit) -> None:
    page = explore(served_visit, MODEL)
    count = steps(page).count()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save strip as PNG").click()
    assert download.value.suggested_filename.startswith("vaelab-path-mlp-vae-2d-")
    picture = Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert picture.size[0] == pytest.approx(count * ONE_STEP, abs=8)
    assert np.asarray(picture.convert("L")).std() > 10
