from hybhanas_jupyter.models.fit import Epoch, History


def test_history_shows_its_end_and_its_epochs():
    history = History((Epoch(2.3, 2.25, 0.105, 0.02), Epoch(2.1, 2.05, 0.15, 0.01)), "early-stopped", "15 % < 20 %")
    assert repr(history).splitlines() == [
        "Training early-stopped (15 % < 20 %): validation accuracy 15.0% after 2 epochs, 30.0 ms",
        "",
        "epoch  training loss  validation loss  validation accuracy     time",
        "-----  -------------  ---------------  -------------------  -------",
        "1             2.3000           2.2500                10.5%  20.0 ms",
        "2             2.1000           2.0500                15.0%  10.0 ms",
    ]
    assert "15 % &lt; 20 %" in history._repr_html_()
    assert history.to_dataframe()["validation_accuracy"].tolist() == [0.105, 0.15]
    assert history.to_dict()["epochs"][1]["train_loss"] == 2.1


def test_history_without_epochs():
    assert repr(History((), "failed", "the loss is nan")) == (
        "Training failed (the loss is nan): validation accuracy 0.0% after 0 epochs, 0 s"
    )
