"""The methods by name, and the one that is shown."""

OCCLUSION, GRADIENTS, ROLLOUT = "occlusion", "integrated_gradients", "attention_rollout"
METHODS = (OCCLUSION, GRADIENTS, ROLLOUT)

# benchmarks/explanations.md: lowest deletion on real recordings, insertion level with occlusion's, the only one that
# points at wheezes in time and Hz, and less than half a second.
DEFAULT_METHOD = GRADIENTS
