"""What probes return, as tables and in one line."""

from __future__ import annotations

import numpy as np

from evenlight.data.probed import Contrasts, Intervention, Predictions

ROWS = np.array(["p1", "p2"])


def test_predictions_are_a_table_of_rows() -> None:
    """Margin and response stand beside the id of their row."""
    made = Predictions(ROWS, np.array([0.0, 2.0]), np.array([0.5, 0.9]), "case", "logit")
    frame = made.to_frame()
    assert frame.loc["p2", "response"] == 0.9
    assert list(frame.columns) == ["margin", "response"]
    assert "2 rows" in repr(made)
    assert "logit" in repr(made)


def test_contrasts_are_a_long_table() -> None:
    """Each row meets each subject once, with the two values it was moved between."""
    change = np.array([[1.0, 2.0], [3.0, 4.0]])
    made = Contrasts(ROWS, ("a", "b"), ("0", "1"), ("2", "3"), change, change, "case", "identity")
    frame = made.to_frame()
    assert len(frame) == 4
    assert frame[(frame.row == "p2") & (frame.subject == "a")].margin.item() == 3.0
    assert frame.iloc[1][["low", "high"]].tolist() == ["1", "3"]
    assert "moving most: b, a" in repr(made)


def test_an_intervention_is_a_long_table_of_states() -> None:
    """Each row has one line for each state that it was set to, beside what was recorded."""
    response = np.array([[1.0, 2.0], [3.0, 5.0]])
    made = Intervention("race", ROWS, ("A", "B"), np.array([0, 1]), response, response, "dose")
    frame = made.to_frame()
    assert frame[frame.row == "p2"].recorded.tolist() == ["B", "B"]
    assert frame[frame.row == "p2"].response.tolist() == [3.0, 5.0]
    assert "A 2, B 3.5" in repr(made)
