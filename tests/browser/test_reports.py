"""A saved report in a notebook that nobody trusts, in the dark theme: all of it is there and readable."""

import nbformat

import hybhanas_jupyter as hyb
from hybhanas_jupyter.formatting import PART_COLOURS
from tests.browser.jupyter import jupyter, open_notebook

# Colour channels of an element's own ink and of the first paper behind it.
CONTRAST = """element => {
    const channels = text => text.match(/[\\d.]+/g).map(Number);
    const light = rgb => rgb.slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let paper = element;
    while (channels(getComputedStyle(paper).backgroundColor)[3] === 0) paper = paper.parentElement;
    const ink = light(channels(getComputedStyle(element).color));
    const ground = light(channels(getComputedStyle(paper).backgroundColor));
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
}"""


def test_report_survives_without_trust_in_the_dark(page, tmp_path):
    cost = hyb.quantum_cost(hyb.Ansatz(4, 3, topology="full"), "fake_kyiv")
    html = f"{cost._repr_html_()}<script>document.title = 'trusted'</script>"
    output = nbformat.v4.new_output("display_data", {"text/html": html, "text/plain": repr(cost)})
    cell = nbformat.v4.new_code_cell("cost", outputs=[output])
    folder = tmp_path / "files"
    folder.mkdir()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "report.ipynb")
    with jupyter(folder) as server:
        open_notebook(page, server, "report.ipynb")
        page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        page.wait_for_selector("body[data-jp-theme-light='false']", state="attached")
        assert page.locator(".jp-OutputArea script").count() == 0
        bars = page.locator(".jp-OutputArea div[style*='background-color']")
        assert [bar.bounding_box()["height"] for bar in bars.all()] == [14] * 4
        assert 550 < sum(bar.bounding_box()["width"] for bar in bars.all()) <= 561
        colours = bars.evaluate_all("bars => bars.map(bar => getComputedStyle(bar).backgroundColor)")
        assert colours == [f"rgb({', '.join(str(int(c[i : i + 2], 16)) for i in (1, 3, 5))})" for c in PART_COLOURS[:4]]
        assert not page.locator("text=faulty couplers").first.is_visible()
        page.locator("summary", has_text="Provenance").click()
        assert page.locator("text=faulty couplers").first.is_visible()
        cells = page.locator(".jp-OutputArea td")
        assert cells.count() > 20
        assert min(cell.evaluate(CONTRAST) for cell in cells.all()) > 4.5
        page.goto("about:blank")
