"""The methods by name, and the one that is shown."""

OCCLUSION, GRADIENTS, ROLLOUT = "occlusion", "integrated_gradients", "attention_rollout"
METHODS = (OCCLUSION, GRADIENTS, ROLLOUT)

DEFAULT_METHOD = GRADIENTS
