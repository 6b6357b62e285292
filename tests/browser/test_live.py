"""The live view in a real JupyterLab, fed by a search that plays made-up generations."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watched_page
from tests.browser.jupyter import Server, execute, open_notebook, run_all, set_theme


@pytest.fixture(scope="module")
def notebook(browser: Browser, lab: Server) -> Iterator[Page]:
    with watched_page(browser) as tab:
        open_notebook(tab, lab, lab.write_scripted("scripted.ipynb", generations=4, population=6))
        yield tab


@pytest.fixture
def live(notebook: Page) -> Page:
    """A new view with the first of four generations of six."""
    execute(notebook, "search = None")
    run_all(notebook)
    notebook.wait_for_function(
        "() => !document.querySelector('.jp-CodeCell .jp-InputPrompt')?.textContent.includes('*')"
    )
    expect(dots(notebook)).to_have_count(5, timeout=30_000)
    return notebook


def dots(page: Page, view: int = 0):
    """All points of one of the four views, without the diamonds of the front."""
    return page.locator(".hyb-pareto").nth(view).locator(".svg-figure > g > g:first-of-type > g:nth-child(3) .dot")


def picked(page: Page, view: int) -> list[int]:
    """Which points of a view are drawn as picked."""
    return dots(page, view).evaluate_all(
        "marks => marks.flatMap((mark, i) => getComputedStyle(mark).strokeWidth === '3px' ? [i] : [])"
    )


def test_points_grow_and_the_slider_replays(live: Page):
    execute(live, "play()")
    expect(dots(live)).to_have_count(11)
    for view in range(1, 4):
        expect(dots(live, view)).to_have_count(11)
    slider = live.locator(".hyb-replay [role=slider], .hyb-replay .noUi-handle").first
    slider.press("ArrowLeft")
    expect(dots(live)).to_have_count(5)


def test_candidates_with_the_same_name_are_points_of_their_own(live: Page):
    same = "tuple(replace(e, architecture=search._script[0].architecture) for e in search._script)"
    execute(live, f"from dataclasses import replace; search._script = {same}")
    for points in (11, 17):
        execute(live, "play()")
        expect(dots(live)).to_have_count(points)
    live.wait_for_function("() => [...document.querySelectorAll('.hyb-pareto .dot')].every(dot => dot.style.fill)")


def test_a_pick_shows_in_all_views_and_says_what_it_is(live: Page):
    dots(live, 1).nth(3).dispatch_event("click")
    for view in range(4):
        assert picked(live, view) == [3]
    details = live.locator(".hyb-more")
    expect(details).to_contain_text("Candidate #3")
    expect(details.locator(".hyb-circuit")).to_contain_text("q_0", timeout=30_000)
    expect(details.locator(".hyb-curve").first).to_be_visible()


def test_the_list_shows_the_pick_after_every_generation(live: Page):
    listed = live.locator(".hyb-list select")
    chosen = listed.locator("option:checked")
    expect(chosen).to_have_text("pick a point")
    listed.select_option(index=2)
    expect(live.locator(".hyb-more")).to_contain_text("Candidate #")
    name = chosen.text_content().removeprefix("◆\xa0")
    for points in (11, 17):
        execute(live, "play()")
        expect(dots(live)).to_have_count(points)
        expect(chosen).to_contain_text(name)
    live.get_by_role("button", name="Clear selection").click()
    expect(chosen).to_have_text("pick a point")
    execute(live, "play()")
    expect(dots(live)).to_have_count(22)
    expect(chosen).to_have_text("pick a point")


def test_a_lasso_picks_several(live: Page):
    live.get_by_role("button", name="Lasso").click()
    expect(live.locator(".lassoselector")).to_have_count(4)
    box = live.locator(".hyb-pareto").nth(2).locator(".plotarea_events").bounding_box()
    left, top, right, bottom = box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
    live.mouse.move(left + 2, top + 2)
    live.mouse.down()
    for x, y in ((right - 2, top + 2), (right - 2, bottom - 2), (left + 2, bottom - 2), (left + 2, top + 4)):
        live.mouse.move(x, y, steps=5)
    live.mouse.up()
    expect(live.locator(".hyb-more")).to_contain_text("5 picked")
    assert picked(live, 0) == picked(live, 3) == [0, 1, 2, 3, 4]


def test_pause_resume_stop_and_a_second_view(live: Page):
    execute(live, "from IPython.display import display; second = LiveView(search)")
    status = live.locator(".hyb-status")
    for button, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        live.locator(f".hyb-{button}").click()
        expect(status).to_contain_text(re.compile(f"^{state}"))
        follows = f"eventually(lambda: second._status._state.value.startswith({state!r}))"
        assert "True" in execute(live, f"from tests.notebook.widget_tree import eventually; print({follows})")


def test_the_view_is_back_and_live_after_a_reload(live: Page):
    live.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    live.reload()
    expect(dots(live)).to_have_count(5, timeout=30_000)
    live.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    execute(live, "play()")
    expect(dots(live)).to_have_count(11)


def test_a_page_that_was_reloaded_shows_the_final_front_and_can_output_it(page: Page, lab: Server):
    live, name = page, "reloaded.ipynb"
    lab.write_scripted(name, generations=2, population=6)
    open_notebook(live, lab, name)
    run_all(live)
    expect(dots(live)).to_have_count(5, timeout=30_000)
    live.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    live.reload()
    expect(dots(live)).to_have_count(5, timeout=30_000)
    live.wait_for_function("() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel")
    execute(live, "play()")
    expect(live.locator(".hyb-status")).to_contain_text("finished")
    live.get_by_role("tab", name="Front", exact=True).click()
    expect(live.locator(".hyb-front td").first).to_be_visible()
    live.evaluate("() => window.jupyterapp.commands.execute('notebook:insert-cell-below')")
    live.evaluate(
        """async () => {
            window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('view');
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    expect(live.locator("[data-mime-type='image/png'] img")).to_be_visible(timeout=30_000)
    expect(live.locator("[data-mime-type='text/html'] table")).to_contain_text("Quantum training time")


def width(page: Page) -> float:
    """How wide the three-dimensional view is drawn."""
    return page.locator(".hyb-more .js-plotly-plot .main-svg").first.bounding_box()["width"]


def test_a_kernel_that_falls_silent_is_noticed(live: Page):
    silence = live.locator(".hyb-silence")
    expect(silence).to_be_hidden()
    soon = live.add_style_tag(content=".hyb-silence { animation-delay: 0.5s !important }")  # not 20 s
    expect(silence).to_be_visible(timeout=5_000)
    expect(silence).to_contain_text("hyb.Search.load")
    live.evaluate(
        "() => document.querySelectorAll('style').forEach(s => /0.5s !imp/.test(s.textContent) && s.remove())"
    )
    soon.evaluate("style => style.remove()")
    expect(silence).to_be_hidden(timeout=10_000)  # the next sign of life


def test_light_and_dark(live: Page, artifacts: Path):
    execute(live, "search.play(3)")
    expect(live.locator(".hyb-status")).to_contain_text("finished")
    dots(live).nth(3).dispatch_event("click")
    expect(live.locator(".hyb-circuit")).to_contain_text("q_0", timeout=30_000)
    output = live.locator(".jp-OutputArea-output").first
    live.set_viewport_size({"width": 1300, "height": 2600})
    for theme in ("Dark", "Light"):
        set_theme(live, f"JupyterLab {theme}")
        output.screenshot(path=artifacts / f"live-{theme.lower()}.png")
    for title, shown in (
        ("Cost of the front", ".hyb-ablation"),
        ("Hypervolume", ".hyb-curve"),
        ("3D", ".js-plotly-plot"),
    ):
        live.get_by_role("tab", name=title).click()
        expect(live.locator(f".hyb-more {shown}")).to_be_visible(timeout=90_000)
    first = width(live)
    live.get_by_role("tab", name="Front", exact=True).click()
    live.get_by_role("tab", name="3D").click()
    expect(live.locator(".hyb-more .js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
    live.wait_for_timeout(500)
    assert width(live) == first > 1000
    png = live.locator("[data-mime-type='image/png'] img")
    expect(png).to_be_visible()
    expect(live.locator("[data-mime-type='text/html'] table")).to_contain_text("Quantum training time")
