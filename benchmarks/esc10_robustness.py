"""How much accuracy white-box attacks leave to networks that learned in different ways.

Usage: ``python benchmarks/esc10_robustness.py --data ESC10 --runs RUNS --steps {given.steps}`
on {machine()}.

The runs are those of [esc10_learnings.md](esc10_learnings.md); mean ± standard error over the five folds. One window of
each clip is judged, its middle, so that "no attack" is worse than with ten crops. ε is the most that a sample of the
waveform in [−1, 1] may move; PGD takes {given.steps} steps of 2.5 ε / {given.steps} from a random start.

{markdown(head, rows)}
"""
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
