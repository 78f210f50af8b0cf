"""VQP modules as their users would save them, in f32, with what they answer in evaluation.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import torch
from safetensors.torch import load_model, save_model
from vector_quantize_pytorch import ResidualFSQ, ResidualLFQ, ResidualVQ, VectorQuantize

from common import clear_choice, clustered, seed, single, write
from residual import residuals


def trained(module, shape):
    """A few training steps, so that no buffer is at its start."""
    for layer in getattr(module, "layers", [module]):
        codes = torch.randn(layer._codebook.embed.shape)
        if layer.use_cosine_sim:
            codes = torch.nn.functional.normalize(codes, dim=-1)
        layer._codebook.embed.copy_(codes)
        layer._codebook.embed_avg.copy_(codes)
    module.train()
    for _ in range(5):
        module(clustered(shape))
    return module.eval()


def save(name, module, again, x):
    y, indices, _ = module(x)
    save_model(module, f"{name}.safetensors", {"format": "pt"})  # what layers share is saved once
    load_model(again, f"{name}.safetensors")
    assert torch.equal(again.eval()(x)[0], y) and torch.equal(again.get_output_from_indices(indices), y)
    write(f"{name}_io.safetensors", {"x": x, "y": y, "indices": indices})


def clear(module, x):
    try:
        if isinstance(module, ResidualVQ):
            residuals(module, x)
        else:
            clear_choice(module.project_in(x), module._codebook.embed[0], cosine=module.use_cosine_sim)
        return True
    except AssertionError:
        return False


def grids():
    """Stacks without a codebook: their state is that of the projection, and each level is finer than the one before."""
    for name, build, dim in [
        ("residual_fsq", lambda: ResidualFSQ(dim=6, levels=[8, 5, 3], num_quantizers=3), 6),
        ("residual_lfq", lambda: ResidualLFQ(dim=6, codebook_size=16, num_quantizers=4), 6)]:
        seed(name)
        module, again, x = build().eval(), build(), 2 * torch.randn(3, 9, dim)
        y, indices = module(x)[:2]
        save_model(module, f"{name}.safetensors", {"format": "pt"})
        load_model(again, f"{name}.safetensors")
        assert torch.equal(again.eval()(x)[0], y) and torch.allclose(again.get_output_from_indices(indices), y, atol=1e-6)
        write(f"{name}_io.safetensors", {"x": x, "y": y, "indices": indices.long()})


def main():
    with single(), torch.no_grad():
        grids()
        for name, build, dim in [
            ("vector_quantize", lambda: VectorQuantize(dim=7, codebook_size=8, codebook_dim=3, decay=0.9, rotation_trick=False), 7),
            ("vector_quantize_cosine", lambda: VectorQuantize(dim=6, codebook_size=8, codebook_dim=4, decay=0.9,
                                                              use_cosine_sim=True), 6),
            ("residual_vq", lambda: ResidualVQ(dim=6, num_quantizers=4, codebook_size=8, codebook_dim=5, decay=0.9,
                                               rotation_trick=False), 6),
            ("residual_vq_shared", lambda: ResidualVQ(dim=5, num_quantizers=3, codebook_size=8, decay=0.9,
                                                      shared_codebook=True), 5)]:
            seed(name)
            module = trained(build(), (4, 16, dim))
            x = clustered((3, 9, dim))
            while not clear(module, x):
                x = clustered((3, 9, dim))
            save(name, module, build(), x)


if __name__ == "__main__":
    main()
