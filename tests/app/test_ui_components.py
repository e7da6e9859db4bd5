"""The page components: what is sent to the browser and back, and that they mount."""

import json
import struct

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from playground.errors import UserError
from playground.ui import mask, player
from playground.ui.mask import decode_mask, encode_mask
from playground.ui.player import LAST, OUTSIDE, ImagesPanel, PointsPanel, packed, quantised

LIMITS = (-8.0, 4.0, -1.0, 2.0)


def unpacked(block: bytes) -> tuple[dict, bytes]:
    """The inverse of packed(), as player.js reads it."""
    (length,) = struct.unpack_from("<I", block)
    return json.loads(block[4 : 4 + length]), block[4 + length :]


def array(body: bytes, place: list[int], dtype: str) -> np.ndarray:
    return np.frombuffer(body[place[0] : sum(place)], dtype=dtype)


def cloud(seed: int = 0, frames: int = 3, points: int = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(LIMITS[::2], LIMITS[1::2], (frames, points, 2))


# --- the player ---


def test_quantised_points_come_back_to_half_a_step():
    xs = cloud()
    low, high = np.array(LIMITS[::2]), np.array(LIMITS[1::2])
    back = low + (high - low) * quantised(xs, LIMITS) / LAST
    # Half a step, and as much again for the single precision of the division.
    assert (np.abs(back - xs) <= (high - low) / LAST).all()


def test_limits_are_drawn_and_what_lies_beyond_is_not():
    xs = np.array([[[-8, -1], [4, 2], [-8.01, 0], [0, 2.01], [np.nan, 0], [0, np.inf]]])
    assert quantised(xs, LIMITS).tolist() == [[[0, 0], [LAST, LAST]] + 4 * [[OUTSIDE, OUTSIDE]]]


def test_the_browser_knows_the_same_numbers():
    script = player.asset("panels.js")
    assert f"const LAST = {LAST};" in script and f"const OUTSIDE = {OUTSIDE};" in script


def test_packed_arrays_are_found_where_the_header_says():
    labels = np.arange(50) % 3
    density = np.linspace(0, 1, 20).reshape(4, 5)
    digits = np.random.default_rng(0).integers(0, 256, (2, 6, 7), dtype=np.uint8)
    points = PointsPanel("a", cloud(), limits=LIMITS, labels=labels, background=density)
    header, body = unpacked(packed([points, ImagesPanel("b", digits, ("x", "y"))], fps=20))
    first, second = header["panels"]
    assert first["shape"] == [3, 50] and not first["labelsMove"] and header["fps"] == 20
    assert (array(body, first["xs"], "<u2") == quantised(cloud(), LIMITS).ravel()).all()
    assert (array(body, first["labels"], "u1") == labels).all()
    assert np.allclose(array(body, first["background"], "u1") / 255, density.ravel(), atol=0.5 / 255)
    assert (array(body, second["frames"], "u1") == digits.ravel()).all()
    assert second["captions"] == ["x", "y"]
    assert sum(second["frames"]) == len(body)


def test_the_hash_changes_with_the_panels_and_only_with_them():
    def digest(seed: int, title: str = "a", **settings) -> str:
        return unpacked(packed([PointsPanel(title, cloud(seed), limits=LIMITS)], **settings))[0]["hash"]

    assert digest(0, fps=20) == digest(0, fps=30)
    assert len({digest(0), digest(1), digest(0, "b")}) == 3


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"xs": np.zeros((3, 50))}, "points"),
        ({"xs": np.zeros((0, 50, 2))}, "points"),
        ({"limits": (1, 1, 0, 2)}, "limits"),
        ({"limits": (0, np.inf, 0, 2)}, "limits"),
        ({"labels": np.zeros(3)}, "labels"),
        ({"captions": ("one",)}, "captions"),
        ({"background": np.zeros(5)}, "background"),
    ],
)
def test_points_that_do_not_fit_are_refused(wrong, words):
    with pytest.raises(UserError, match=words):
        PointsPanel(**{"title": "a", "xs": cloud(), "limits": LIMITS, **wrong})


@pytest.mark.parametrize(
    "frames", [np.zeros((2, 3)), np.zeros((2, 3, 4)), np.zeros((0, 3, 4), dtype=np.uint8)]
)
def test_images_that_do_not_fit_are_refused(frames):
    with pytest.raises(UserError, match="frames"):
        ImagesPanel("a", frames)


@pytest.mark.parametrize("settings", [{"panels": []}, {"fps": 0}, {"height": 5}, {"fps": float("nan")}])
def test_a_player_out_of_range_is_refused(settings):
    with pytest.raises(UserError):
        player.player(**{"panels": [ImagesPanel("a", np.zeros((1, 2, 2), np.uint8))], "key": "k", **settings})


# --- the mask ---


@pytest.mark.parametrize("shape", [(28, 28), (3, 5), (1, 1)])
def test_a_mask_survives_its_text(shape):
    painted = np.random.default_rng(0).random(shape) < 0.4
    back = decode_mask(encode_mask(painted), shape)
    assert back.dtype == bool and (back == painted).all()


def test_the_first_pixels_are_the_first_digits():
    corner = np.zeros((28, 28), dtype=bool)
    corner[0, 0] = corner[0, 27] = True  # bits 0 and 27: the highest of digit 0, the lowest of digit 6
    assert encode_mask(corner) == "8000001" + 189 * "0"


@pytest.mark.parametrize(
    "text",
    ["", "0" * 195, "0" * 197, "g" * 196, " " + "0" * 195, "0" * 195 + "\n", "0" * 196 + "\n", None, 7],
)
def test_text_that_is_no_mask_is_refused(text):
    with pytest.raises(UserError, match="196 hexadecimal digits"):
        decode_mask(text)


@pytest.mark.parametrize(
    ("image", "default"),
    [
        (np.zeros((27, 28), np.uint8), None),
        (np.zeros((28, 28)), None),
        (np.zeros((28, 28), np.uint8), np.zeros((2, 2))),
    ],
)
def test_images_and_defaults_of_the_wrong_kind_are_refused(image, default):
    with pytest.raises(UserError):
        mask.mask_canvas(image, key="k", default=default)


# --- on a page ---


def mask_page() -> None:
    import numpy as np
    import streamlit as st

    from playground.errors import UserError
    from playground.ui.mask import mask_canvas

    start = np.zeros((28, 28), dtype=bool)
    start[:, :14] = True
    try:
        painted = mask_canvas(
            np.zeros((28, 28), np.uint8), key=st.session_state.get("name", "a"), default=start
        )
    except UserError as error:
        st.error(str(error))
        st.stop()
    st.text(f"{painted.dtype} {painted.sum()} {painted[:, :14].all()}")


def test_an_unpainted_mask_is_the_default():
    page = AppTest.from_function(mask_page).run()
    assert not page.exception and page.text[0].value == "bool 392 True"


def test_a_painted_mask_stays_for_its_key_and_starts_a_new_one():
    page = AppTest.from_function(mask_page)
    page.session_state["a"] = {"mask": "8" + 195 * "0"}  # what the browser sends
    assert page.run().text[0].value == "bool 1 False"
    page.session_state["name"] = "b"
    assert page.run().text[0].value == "bool 1 False"


def two_masks_page() -> None:
    import numpy as np
    import streamlit as st

    from playground.ui.mask import mask_canvas

    image, everything = np.zeros((28, 28), np.uint8), np.ones((28, 28), dtype=bool)
    st.text(f"{mask_canvas(image, key='a').sum()} {mask_canvas(image, key='b', default=everything).sum()}")


def test_two_canvases_keep_their_own_masks():
    page = AppTest.from_function(two_masks_page).run()
    assert page.text[0].value == "0 784"
    page.session_state["a"] = {"mask": "8" + 195 * "0"}
    assert page.run().text[0].value == "1 784"


def test_a_forged_mask_is_refused_with_one_sentence():
    page = AppTest.from_function(mask_page)
    page.session_state["a"] = {"mask": "zz"}
    assert "196 hexadecimal digits" in page.run().error[0].value
    assert page.session_state["playground_masks"]["a"] != "zz"


def player_page() -> None:
    import numpy as np

    from playground.ui.player import ImagesPanel, PointsPanel, player

    xs = np.random.default_rng(0).normal(size=(5, 20, 2))
    points = PointsPanel("points", xs, limits=(-3, 3, -3, 3), labels=np.zeros((5, 20)), label_names=("one",))
    player([points, ImagesPanel("images", np.zeros((2, 28, 28), np.uint8))], key="p")


def test_the_player_mounts_on_every_new_page():
    for _ in range(2):  # each AppTest has a registry of its own, the module is imported once
        page = AppTest.from_function(player_page).run()
        assert not page.exception and len(page.get("bidi_component")) == 1


def download_page() -> None:
    import streamlit as st

    from playground.ui.downloads import download_gif, download_png

    def make() -> bytes:
        st.session_state["made"] = True
        return b"GIF89a"

    download_gif("Download GIF", make, "walk.gif", key="gif")
    download_png("Download PNG", make, "walk.png", key="png")


def test_nothing_is_made_before_the_click():
    page = AppTest.from_function(download_page).run()
    assert not page.exception and len(page.get("download_button")) == 2
    assert "made" not in page.session_state
