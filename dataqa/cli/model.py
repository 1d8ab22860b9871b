"""The commands for embedding models: export."""

from __future__ import annotations

from pathlib import Path

import click

from dataqa.quoting import log_line


@click.group()
def model() -> None:
    """Prepare embedding models for machines without torch."""


@model.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "name",
    default="minilm",
    metavar="minilm|MODEL",
    help="What to export: minilm, a sentence-transformers folder or a model id [default: minilm].",
)
@click.option("--allow-download", is_flag=True, help="Fetch the model when it is absent.")
def export(folder: Path, name: str, allow_download: bool) -> int:
    """Write a model as the folder DIR, for --embedder DIR.

    It runs with onnxruntime and tokenizers alone: ONNX with 8-bit weights, a tokenizer, and a
    manifest with hashes. It is written only when its vectors agree with the original's.
    """
    from dataqa.embedding.export import export as write
    from dataqa.embedding.weights import find_source

    manifest = write(find_source(name, allow_download=allow_download), folder, Path(name).name)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    probe = manifest["probe"]
    click.echo(
        log_line(
            f"wrote {folder}: {size:.0f} MB, mean cosine {probe['mean_cosine']:.4f} to the "
            f"original on {probe['texts']} probe texts (least {probe['min_cosine']:.4f})"
        )
    )
    return 0
