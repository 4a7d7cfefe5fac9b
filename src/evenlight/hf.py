"""Hugging Face transformers as audited models (extra `hf`): `ev.hf.sequences(model, ...)`.

Local folders or networks in memory only; nothing is ever downloaded.
"""

from __future__ import annotations

from evenlight.modalities.text import by_words as by_words
from evenlight.modalities.text import kmers as kmers
from evenlight.modalities.text import read_notes as read_notes
from evenlight.models.scored import scored as scored
from evenlight.models.transformers.encoding import Special as Special
from evenlight.models.transformers.images import images as images
from evenlight.models.transformers.segments import segmented as segmented
from evenlight.models.transformers.tokens import binned_genes as binned_genes
from evenlight.models.transformers.tokens import ranked_genes as ranked_genes
from evenlight.models.transformers.tokens import sequences as sequences
from evenlight.models.transformers.zero_shot import over_prompts as over_prompts
from evenlight.models.transformers.zero_shot import zero_shot as zero_shot
from evenlight.probes.judged import judged as judged
