"""Lloyd's k-means from a given start, in NumPy; scikit-learn and VQP agree with it.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy scikit-learn
"""
import warnings

import numpy as np
import torch
from sklearn.cluster import KMeans
from vector_quantize_pytorch.vector_quantize_pytorch import kmeans as vqp_kmeans

from common import Golden, clustered, seed

KEPT = [1, 5, 10]


def lloyd(x, centers, iterations, unit=False):
    """Centers after each iteration and inertia *before* each update: assign, sum up the squared distances, move to the means.
    A cluster without members stays where it is. `unit`: largest dot product, means scaled to unit length."""
    path, inertia = [], []
    for _ in range(iterations):
        if unit:
            nearest = (x @ centers.T).argmax(1)
        else:
            nearest = ((x[:, None] - centers) ** 2).sum(-1).argmin(1)
        inertia.append(((x - centers[nearest]) ** 2).sum())
        centers = centers.copy()
        for k in np.unique(nearest):
            centers[k] = x[nearest == k].mean(0)
            if unit:
                centers[k] /= np.linalg.norm(centers[k])
        path.append(centers)
    return path, np.array(inertia), nearest


def main():
    g = Golden()
    for case, rows, k, empty, unit in [("lloyd", 60, 7, False, False), ("lloyd_empty_cluster", 40, 6, True, False),
                                       ("lloyd_cosine", 50, 6, False, True)]:
        seed(case)
        x = clustered((rows, 3), centers=5, spread=0.9).numpy()
        if unit:
            x /= np.linalg.norm(x, axis=1, keepdims=True)
        start = x[:k].copy()
        if empty:
            start[2] = 50.0
        path, inertia, nearest = lloyd(x, start, 10, unit)
        assert (np.diff(inertia) <= 0).all() and (not empty or (path[-1][2] == 50.0).all())
        for t in KEPT:
            given = lambda *_: torch.tensor(start)[None]  # noqa: E731, VQP draws its start at random
            means, _ = vqp_kmeans(torch.tensor(x)[None], k, t, use_cosine_sim=unit, sample_fn=given)
            assert np.allclose(means[0], path[t - 1], atol=1e-12)
            if not unit and not empty:  # scikit-learn moves an empty cluster, and knows no cosine
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # "did not converge" is what we ask for
                    fit = KMeans(k, init=start, n_init=1, max_iter=t, tol=0, algorithm="lloyd").fit(x)
                assert np.allclose(fit.cluster_centers_, path[t - 1], atol=1e-12)
        g.add(case, "k-means", {"iterations": 10, "kept": KEPT, "cosine": unit}, {
            "x": (torch.tensor(x), "N D"), "start": (torch.tensor(start), "K D"),
            "centers": (torch.tensor(np.stack([path[t - 1] for t in KEPT])), "T K D"), "inertia": (torch.tensor(inertia), "S"),
            "assignment": (torch.tensor(nearest), "N")})
    g.save("kmeans.safetensors")


if __name__ == "__main__":
    main()
