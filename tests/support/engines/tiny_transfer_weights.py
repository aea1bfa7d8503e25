"""Writes tiny random weights of Cosmos Transfer2.5 and Cosmos 3 into a folder, laid out as the real ones are.

Runs under the Python that has torch and diffusers; sizes follow diffusers' own tests of the pipelines.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

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
OMNI_CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)
OMNI_SIZES = {
    "head_dim": 12,
    "hidden_act": "relu2",
    "hidden_size": 24,
    "intermediate_size": 48,
    "latent_channel": 4,
    "latent_patch_size": 2,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
    "num_key_value_heads": 1,
    "patch_latent_dim": 16,
    "qk_norm_for_text": False,
    "rms_norm_eps": 1e-5,
    "rope_axes_dim": [2, 2, 2],
    "rope_theta": 1e6,
    "vocab_size": 300,
}
LIBRARIES = {"tokenizer": "transformers", "text_encoder": "transformers"}


def main(folder: Path) -> None:
    import torch  # noqa: PLC0415 - this file is looked at by tests that run without

    torch.manual_seed(0)
    write_transfer25(folder / "diffusers")
    write_cosmos3(folder / "Cosmos3-Nano")


def byte_tokenizer(chat: str) -> Any:  # noqa: ANN401 - a class of the other Python
    """Return a tokenizer with one word for each byte."""
    from tokenizers.pre_tokenizers import ByteLevel  # noqa: PLC0415
    from transformers import Qwen2Tokenizer  # noqa: PLC0415

    signs = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>"]
    tokenizer = Qwen2Tokenizer(vocab={sign: number for number, sign in enumerate(signs)}, merges=[])
    tokenizer.add_special_tokens({"eos_token": "<|im_end|>"})
    tokenizer.chat_template = chat
    return tokenizer


def write_transfer25(folder: Path) -> None:
    from diffusers import (  # noqa: PLC0415
        AutoencoderKLWan,
        CosmosControlNetModel,
        CosmosTransformer3DModel,
        UniPCMultistepScheduler,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration  # noqa: PLC0415

    tokenizer = byte_tokenizer(CHAT)
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
    general = folder / "general"
    for name, part in parts.items():
        part.save_pretrained(general / name)
    for kind in ("depth", "edge"):
        control = CosmosControlNetModel(
            n_controlnet_blocks=2, in_channels=18, latent_channels=18, model_channels=32, **SIZES
        )
        control.save_pretrained(folder / "controlnet" / "general" / kind)
    index = {name: [LIBRARIES.get(name, "diffusers"), type(part).__name__] for name, part in parts.items()}
    index |= {"controlnet": ["diffusers", "CosmosControlNetModel"], "safety_checker": [None, None]}
    index |= {"_class_name": "Cosmos2_5_TransferPipeline"}
    (general / "model_index.json").write_text(json.dumps(index), "utf-8")


def write_cosmos3(folder: Path) -> None:
    from diffusers import AutoencoderKLWan, Cosmos3OmniTransformer, UniPCMultistepScheduler  # noqa: PLC0415
    from diffusers.modular_pipelines import Cosmos3OmniModularPipeline  # noqa: PLC0415
    from diffusers.modular_pipelines.cosmos import Cosmos3OmniBlocks  # noqa: PLC0415

    pipeline = Cosmos3OmniModularPipeline(blocks=Cosmos3OmniBlocks())
    pipeline.update_components(
        text_tokenizer=byte_tokenizer(OMNI_CHAT),
        vae=AutoencoderKLWan(
            base_dim=8,
            decoder_base_dim=8,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
            scale_factor_spatial=8,
            scale_factor_temporal=4,
        ),
        transformer=Cosmos3OmniTransformer(**OMNI_SIZES),
        scheduler=UniPCMultistepScheduler(use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=1.0),
    )
    pipeline.save_pretrained(str(folder), overwrite_modular_index=True)
    # A copy that was downloaded names the repository, and not the folder that holds it.
    index = folder / "modular_model_index.json"
    index.write_text(index.read_text("utf-8").replace(str(folder), "nvidia/Cosmos3-Nano"), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
