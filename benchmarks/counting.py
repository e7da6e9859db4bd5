"""The work of any piece of torch code, counted operation by operation: multiply-adds, bytes, exponentials, normals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from torch.utils.flop_counter import flop_registry, sdpa_backward_flop_count, sdpa_flop_count

CACHE = (
    2**20
)  # bytes: an operation that touches more is taken to wait for memory, one that touches less is not
EXPONENTIALS = {
    "exp", "_softmax", "_log_softmax", "logsumexp", "sigmoid", "sigmoid_", "silu", "silu_backward", "softplus", "tanh",
    "gelu",
}  # fmt: skip
VECTORS = {"addmv": 1, "addr": 0}  # products with a vector: which argument has a number for each multiply-add
NORMALS = {"randn", "normal", "normal_", "randn_like"}
IDLE = {
    "empty",
    "empty_like",
    "empty_strided",
    "new_empty",
    "new_empty_strided",
    "_unsafe_view",
}  # touch no data
ATTENTION = "_scaled_dot_product_flash_attention_for_cpu"  # torch's own counter leaves it out


@dataclass
class Work:
    """near, far: bytes of operations that touch at most CACHE bytes, and more; operations: how many there were.

    Each operation is charged with reading every input and writing every output once.
    """

    multiply_adds: int = 0
    near: int = 0
    far: int = 0
    exponentials: int = 0
    normals: int = 0
    operations: int = 0


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.work = Work()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        name = func._overloadpacket.__name__
        if name not in IDLE and not _is_view(func):
            self._add(func, name, args, kwargs, out)
        return out

    def _add(self, func: Any, name: str, args: Any, kwargs: Any, out: Any) -> None:
        work, outputs = self.work, _tensors(out)
        work.operations += 1
        touched = sum(map(_bytes, _tensors((args, kwargs)) + outputs))
        if touched > CACHE:
            work.far += touched
        else:
            work.near += touched
        work.multiply_adds += _multiply_adds(func, name, args, kwargs, out)
        if name in EXPONENTIALS:
            work.exponentials += _tensors(args)[0].numel()
        if name in NORMALS:
            work.normals += outputs[0].numel()


def counted(run: Callable[[], Any]) -> Work:
    """What run() does in this thread; what it does outside torch's tensors is not seen."""
    with _Counter() as counter:
        run()
    return counter.work


def _multiply_adds(func: Any, name: str, args: Any, kwargs: Any, out: Any) -> int:
    """Of products and convolutions, as torch counts them, and of those with vectors; 0 for everything else."""
    if name == ATTENTION:
        flops = sdpa_flop_count(*(tensor.shape for tensor in args[:3]))
    elif name == f"{ATTENTION}_backward":
        flops = sdpa_backward_flop_count(*(tensor.shape for tensor in args[:4]))
    elif func._overloadpacket in flop_registry:
        flops = flop_registry[func._overloadpacket](*args, **kwargs, out_val=out)
    elif name in VECTORS:
        return int(args[VECTORS[name]].numel())
    else:
        return 0
    return int(flops) // 2


def _is_view(func: Any) -> bool:
    """Whether it hands out its input's own memory, and writes nothing."""
    infos = [result.alias_info for result in func._schema.returns]
    return any(info is not None and not info.is_write for info in infos)


def _tensors(of: Any) -> list[Tensor]:
    return [each for each in tree_flatten(of)[0] if isinstance(each, Tensor)]


def _bytes(x: Tensor) -> int:
    """An expanded tensor takes no more than what is stored."""
    return min(x.numel() * x.element_size(), x.untyped_storage().nbytes())
