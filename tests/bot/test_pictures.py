"""What strangers send is decoded and written anew: nothing but pixels is kept, and nothing hostile is decoded."""

import asyncio
import resource
import time
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.pictures import LIMIT_BYTES, LONGEST_SIDE, PictureError, Refusal, clean_picture, cleaned
from storage.blobs import LIMIT_BYTES as BLOB_LIMIT
from tests.bot.shots import GPS, HTML, SVG, phone_shot, png_of_size, shot, webp_of_size


def opened(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def test_the_limit_is_that_of_blobs() -> None:
    assert LIMIT_BYTES == BLOB_LIMIT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_each_format_becomes_a_jpeg(kind: str) -> None:
    image = opened(cleaned(shot(kind=kind)))
    assert (image.format, image.size, image.mode) == ("JPEG", (60, 40), "RGB")


def test_place_camera_comment_and_thumbnail_are_gone() -> None:
    before = phone_shot()
    assert dict(opened(before).getexif().get_ifd(0x8825))  # it was there
    assert GPS in before
    after = cleaned(before)
    image = opened(after)
    assert dict(image.getexif()) == {}
    assert GPS not in after
    for marker in (b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE", b"\xff\xe1", b"\xff\xfe"):
        assert marker not in after
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("orientation", "size", "corner"),
    [(1, (60, 40), (2, 2)), (6, (40, 60), (37, 2)), (3, (60, 40), (57, 37))],
)
def test_it_stands_as_it_was_held(orientation: int, size: tuple[int, int], corner: tuple[int, int]) -> None:
    image = opened(cleaned(phone_shot(orientation=orientation)))
    assert image.size == size
    red, _green, blue = image.getpixel(corner)  # type: ignore[misc]
    assert red > 150
    assert blue < 100


def test_sides_are_cut_down_and_small_ones_stay() -> None:
    assert max(opened(cleaned(shot(5000, 1000))).size) == LONGEST_SIDE
    assert opened(cleaned(shot(1, 1))).size == (1, 1)


def test_what_is_transparent_becomes_white() -> None:
    out = BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(out, "PNG")
    assert opened(cleaned(out.getvalue())).getpixel((4, 4)) == (255, 255, 255)


def test_of_what_moves_the_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    red, green, _blue = opened(cleaned(out.getvalue())).getpixel((4, 4))  # type: ignore[misc]
    assert red > 200
    assert green < 50


def test_the_same_content_gives_the_same_bytes() -> None:
    assert cleaned(phone_shot()) == cleaned(phone_shot())


BMP, TIFF = shot(kind="BMP"), shot(kind="TIFF")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", Refusal.NO_PICTURE),
        (HTML, Refusal.NO_PICTURE),
        (b"\xff\xd8\xff\xe0" + HTML, Refusal.NO_PICTURE),
        (SVG, Refusal.NO_PICTURE),
        (BMP, Refusal.NO_PICTURE),
        (TIFF, Refusal.NO_PICTURE),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Refusal.NO_PICTURE),
        (shot(600, 400)[:-200], Refusal.BROKEN),
        (shot(600, 400, "PNG")[:-60], Refusal.BROKEN),
        (png_of_size(60_000, 60_000), Refusal.TOO_MANY_PIXELS),
        (png_of_size(2**31 - 1, 2**31 - 1), Refusal.TOO_MANY_PIXELS),
        (png_of_size(4000, 4000), Refusal.BROKEN),
        (webp_of_size(16383), Refusal.TOO_MANY_PIXELS),
        (b"\0" * (LIMIT_BYTES + 1), Refusal.TOO_LARGE),
    ],
)
def test_what_is_not_kept(content: bytes, reason: Refusal) -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    with pytest.raises(PictureError) as raised:
        cleaned(content)
    assert raised.value.reason is reason
    assert time.process_time() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # KB


WHOLE = [phone_shot(), *(shot(kind=kind) for kind in ("PNG", "GIF", "WEBP"))]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_still_a_picture(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(WHOLE)))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        written = cleaned(bytes(content))
    except PictureError:
        return
    assert opened(written).format == "JPEG"


async def test_the_loop_goes_on_meanwhile_and_one_is_decoded_at_a_time() -> None:
    large = shot(3000, 2000)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.005)
            turns += 1

    turning = asyncio.create_task(turn())
    await asyncio.gather(*(clean_picture(large) for _ in range(3)))
    turning.cancel()
    assert turns >= 3
