"""The four distances to the truth as a table, with the floor that exact samples give."""

import streamlit as st

from toy2d.experiments.distances import Distances

COLUMNS = {
    "In a wrong mode": ("weights", "%.4f", "Total variation between the shares of the modes and their weights"),
    "± s.e.": ("weights_se", "%.4f", "Standard error of that share"),
    "Sliced Wasserstein": ("sliced", "%.4f", "Sliced Wasserstein-1 distance to as many exact samples, in units of x"),
    "Energy distance": ("energy", "%.4f", "Energy distance to them (Szekely and Rizzo 2013)"),
    "Log-likelihood": ("log_likelihood", "%.3f", "Mean log density under the truth, in nats. Exact samples have minus "
                       "the entropy; more than that means samples that huddle in the middle of the modes."),
}  # fmt: skip
FLOOR = "exact samples (the floor)"


def distance_table(rows: dict[str, Distances], floor: Distances, key: str, first: str = "") -> None:
    """One row for each name, and the floor below."""
    shown = {**rows, FLOOR: floor}
    data = {first or " ": list(shown)}
    data |= {name: [getattr(row, field) for row in shown.values()] for name, (field, _, _) in COLUMNS.items()}
    columns = {
        name: st.column_config.NumberColumn(name, format=form, help=help)
        for name, (_, form, help) in COLUMNS.items()
    }
    st.dataframe(data, column_config=columns, hide_index=True, width="stretch", key=key)
