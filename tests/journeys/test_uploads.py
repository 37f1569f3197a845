"""The owner sends a large file over a bad connection."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Route, expect

from tests.journeys.test_owner import ProductDesk
from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop


def test_large_upload_shows_progress_and_goes_on_after_a_cut_and_after_a_reload(
    sqlite_shop: LiveShop, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    # A file on the disk: the browser knows it again by its date.
    film = tmp_path / "large.pdf"
    film.write_bytes(b"%PDF-1.4\n" + b"\x07" * (13 * 1024 * 1024))
    owner = visit(sqlite_shop)
    page = owner.page
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    desk = ProductDesk(owner)
    desk.make_draft("A Very Large Book", "9")
    page.get_by_role("link", name="What buyers get").click()
    tries: list[str] = []
    is_down = True

    def weather(route: Route) -> None:
        number = route.request.url.rpartition("/")[2]
        if route.request.method == "POST":
            tries.append(number)
            # The second part is cut once, the third for as long as the train is in the tunnel.
            if (number == "2" and tries.count("2") == 1) or (number == "3" and is_down):
                route.abort("connectionreset")
                return
        route.continue_()

    page.route("**/admin/uploads/*/parts/*", weather)
    chooser = page.get_by_label("Drag files here or choose them")
    chooser.set_input_files(film)
    expect(page.locator(".upload progress")).to_have_js_property("value", 76)
    assert tries[:3] == ["1", "2", "2"]

    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("67 % of 14 MB are here")
    is_down = False
    tries.clear()
    chooser.set_input_files(film)
    expect(page.locator("#contents .rows").first).to_contain_text("large.pdf")
    expect(page.get_by_text("Begun and not finished")).to_have_count(0)
    assert tries == ["3"]
    owner.troubles[:] = [said for said in owner.troubles if "ERR_CONNECTION_RESET" not in said]
