"""What a training run shows of itself."""

from typing import TYPE_CHECKING

from hybhanas_jupyter.formatting import Report, seconds

if TYPE_CHECKING:
    from hybhanas_jupyter.models.fit import History


def history_report(history: "History") -> Report:
    """How the run ended, and its epochs."""
    how = f"{history.status} ({history.reason})" if history.reason else history.status
    total = seconds(sum(epoch.seconds for epoch in history.epochs))
    rows = [
        [
            number,
            f"{epoch.train_loss:.4f}",
            f"{epoch.validation_loss:.4f}",
            f"{epoch.validation_accuracy:.1%}",
            seconds(epoch.seconds),
        ]
        for number, epoch in enumerate(history.epochs, start=1)
    ]
    return Report(
        title=f"Training {how}: validation accuracy {history.accuracy:.1%} after {len(rows)} epochs, {total}",
        tables=[(["epoch", "training loss", "validation loss", "validation accuracy", "time"], rows)] if rows else [],
    )
