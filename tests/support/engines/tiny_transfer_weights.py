"""Writes tiny random weights of Cosmos Transfer2.5 into a folder, laid out and loaded as the real ones are.

Runs under the Python that has torch and diffusers; sizes follow diffusers' own tests of the pipeline.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

SIZES = {
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "mlp_ratio": 2,
    "text_embed_dim": 32,
    "adaln_lora_dim": 4,
    "patch_size": (1, 2, 2),
    "max_size": (128, 60, 60),
    "rope_scale": (2.0, 1.0, 1.0),
    "img_context_dim_in": 32,
    "img_context_dim_out": 32,
}
WORDS = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 300,
}
SIGHT = {"depth": 2, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
ROPE = {"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1e6}
CHAT = "{% for message in messages %}<|im_start|>{{ message.content[0].text }}<|im_end|>{% endfor %}"
LIBRARIES = {"tokenizer": "transformers", "text_encoder": "transformers"}


def main(folder: Path) -> None:
    import torch  # noqa: PLC0415 - this file is looked at by tests that run without
    from diffusers import (  # noqa: PLC0415
        AutoencoderKLWan,
        CosmosControlNetModel,
        CosmosTransformer3DModel,
        UniPCMultistepScheduler,
    )
    from tokenizers.pre_tokenizers import ByteLevel  # noqa: PLC0415
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer  # noqa: PLC0415

    torch.manual_seed(0)
    signs = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = Qwen2Tokenizer(vocab={sign: number for number, sign in enumerate(signs)}, merges=[])
    tokenizer.chat_template = CHAT
    words = {**WORDS, "num_key_value_heads": 2, "rope_parameters": ROPE, "bos_token_id": 0, "eos_token_id": 258}
    parts = {
        "tokenizer": tokenizer,
        "text_encoder": Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=words, vision_config=SIGHT)),
        "transformer": CosmosTransformer3DModel(
            in_channels=17,
            out_channels=16,
            num_layers=2,
            concat_padding_mask=True,
            extra_pos_embed_type=None,
            controlnet_block_every_n=1,
            img_context_num_tokens=4,
            **SIZES,
        ),
        "vae": AutoencoderKLWan(
            base_dim=3, z_dim=16, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True]
        ),
        "scheduler": UniPCMultistepScheduler(),
    }
    general = folder / "diffusers" / "general"
    for name, part in parts.items():
        part.save_pretrained(general / name)
    for kind in ("depth", "edge"):
        control = CosmosControlNetModel(
            n_controlnet_blocks=2, in_channels=18, latent_channels=18, model_channels=32, **SIZES
        )
        control.save_pretrained(folder / "diffusers" / "controlnet" / "general" / kind)
    index = {name: [LIBRARIES.get(name, "diffusers"), type(part).__name__] for name, part in parts.items()}
    index |= {"controlnet": ["diffusers", "CosmosControlNetModel"], "safety_checker": [None, None]}
    index |= {"_class_name": "Cosmos2_5_TransferPipeline"}
    (general / "model_index.json").write_text(json.dumps(index), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
