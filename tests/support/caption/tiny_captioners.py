"""Writes tiny captioners with random weights into a folder: ``blip``, and ``smolvlm``, which looks at many frames.

Runs under the Python that has torch and transformers. Random weights would end a text at once, or fill it with marks,
so those tokens are suppressed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    BertTokenizerFast,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

WORDS = "red blue sphere wall floor courtyard stone light rain street night".split()
SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def write_blip(folder: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]", *WORDS]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    text = {"vocab_size": len(words), "encoder_hidden_size": 16, "max_position_embeddings": 512}
    ends = {"bos_token_id": 5, "eos_token_id": 3, "pad_token_id": 0, "sep_token_id": 3}
    config = BlipConfig(
        text_config={**SMALL, **text, **ends},
        vision_config={**SMALL, "image_size": 32, "patch_size": 8},
        projection_dim=16,
    )
    model = BlipForConditionalGeneration(config)
    model.generation_config.suppress_tokens = list(range(len(words) - len(WORDS)))
    model.save_pretrained(folder)
    BlipProcessor(
        BlipImageProcessor(size={"height": 32, "width": 32}), BertTokenizerFast(str(folder / "vocab.txt"))
    ).save_pretrained(folder)


def write_smolvlm(folder: Path) -> None:
    marks = ["<pad>", "<unk>", "<|im_start|>", "<end_of_utterance>"]
    pictures = ["<fake_token_around_image>", "<image>", "<global-img>"]
    words = [*marks, *pictures, "User", "Assistant", *WORDS]
    core = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<|im_start|>",
        eos_token="<end_of_utterance>",
        additional_special_tokens=pictures,
        extra_special_tokens={
            "fake_image_token": pictures[0],
            "image_token": pictures[1],
            "global_image_token": pictures[2],
            "end_of_utterance_token": marks[3],
        },
    )
    template = (
        "<|im_start|>{% for m in messages %}User : {% for c in m['content'] %}{% if c['type'] == 'image' %}<image>"
        "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<end_of_utterance>{% endfor %}Assistant :"
    )
    size = {"longest_edge": 32}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size=size, max_image_size=size, do_image_splitting=True),
        tokenizer,
        SmolVLMVideoProcessor(size=size, max_image_size=size, num_frames=4, fps=1, do_sample_frames=False),
        image_seq_len=4,
        chat_template=template,
    )
    config = SmolVLMConfig(
        image_token_id=words.index("<image>"),
        scale_factor=2,
        pad_token_id=0,
        text_config={
            "model_type": "llama",
            **SMALL,
            "num_key_value_heads": 2,
            "vocab_size": len(words),
            "pad_token_id": 0,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "max_position_embeddings": 512,
        },
        vision_config={**SMALL, "image_size": 32, "patch_size": 8},
    )
    model = SmolVLMForConditionalGeneration(config)
    model.generation_config.suppress_tokens = list(range(len(words) - len(WORDS)))
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


if __name__ == "__main__":
    torch.manual_seed(0)
    write_blip(Path(sys.argv[1]) / "blip")
    write_smolvlm(Path(sys.argv[1]) / "smolvlm")
