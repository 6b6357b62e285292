"""The form without a mouse: every control can be reached and has a name, and what is wrong is an alert."""

from playwright.sync_api import Page, expect

from tests.browser.jupyter import Server, open_notebook, run_all

FORM = "import hybhanas_jupyter as hyb\nhyb.configurator()"
# The handles of ipywidgets' sliders take no name; their label stands beside them.
NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, [tabindex]')]
    .filter(e => e.parentElement.closest('.jp-OutputArea-output') && e.offsetParent && !e.matches('.noUi-handle'))
    .filter(e => !(e.getAttribute('aria-label') || e.title || e.textContent.trim() || e.labels?.[0]?.textContent))
    .map(e => e.outerHTML)"""


def test_every_control_has_a_name_and_is_reached_by_keyboard(page: Page, lab: Server):
    open_notebook(page, lab, lab.write("form.ipynb", FORM))
    run_all(page)
    expect(page.locator(".hyb-start")).to_be_visible(timeout=60_000)
    tabs = page.locator(".jp-OutputArea-output [role=tab]")
    tabs.nth(0).focus()
    for number in range(8):
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        assert page.evaluate(NAMELESS) == []
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")


def test_a_wrong_value_is_an_alert(page: Page, lab: Server):
    open_notebook(page, lab, lab.write("alert.ipynb", FORM))
    run_all(page)
    page.get_by_role("tab", name="NSGA-II").click(timeout=60_000)
    page.get_by_label("Generations").fill("0")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_contain_text("1")
    expect(page.locator(".hyb-start")).to_be_disabled()
