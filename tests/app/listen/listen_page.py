"""A page that holds nothing but the component: for the tests in a browser."""

import json
from base64 import b64encode
from io import BytesIO

import numpy as np
import streamlit as st
from matplotlib.image import imsave

import resp
from resp.audio.quality_marks import QualityMark
from resp.records import CorrectedCycle
from resp.score.schema import Segment
from resp.words import words
from resp_page.listen import Overlay, listen

st.set_page_config(layout="wide")
asked = st.query_params
recording = resp.load_recording(asked["file"])
length_s = recording.duration_s
labels = ["normal", "crackle", asked.get("label", "wheeze"), "both", None]
shares = [0.02, 0.2, 0.4, 0.55, 0.7, 0.85]
segments = [
    Segment(
        kind="cycle",
        start_s=start * length_s,
        end_s=end * length_s,
        probabilities={label or "normal": 0.7},
        label=label,
        prediction_set=("normal",),
        abstained=None if label else "too unsure",
    )
    for start, end, label in zip(shares, shares[1:], labels, strict=False)
]
marks = [QualityMark(start_s=0.3 * length_s, end_s=0.35 * length_s, kind="knock", words=asked.get("mark", "A knock."))]
overlay = None
if "overlay" in asked:
    green = BytesIO()
    imsave(green, np.tile(np.array([0, 255, 0], np.uint8), (40, 40, 1)))
    address = "data:image/png;base64," + b64encode(green.getvalue()).decode()
    overlay = Overlay(0.5 * length_s, 0.75 * length_s, 1000.0, address)
edits = listen(
    recording,
    segments,
    key="sound",
    marks=marks,
    overlay=overlay,
    corrections=st.session_state.get("kept"),
    editable="editable" in asked,
    who=asked.get("who", ""),
    words=words(asked.get("lang", "en")),
)
if edits:
    if "forgetful" not in asked:
        st.session_state.kept = edits.cycles
    st.session_state.sent = edits.cycles
    st.rerun()
st.button("Draw the page again")
sent: tuple[CorrectedCycle, ...] = st.session_state.get("sent", ())
st.html(f"<pre id=sent>{json.dumps([[one.start_s, one.end_s, one.label] for one in sent])}</pre>")
