"""The symptoms of failures that programs with PyTorch, CUDA, NCCL, Docker, Slurm and Hugging Face share.

Each group has the patterns of one cause. The order of GENERAL_SYMPTOMS matters: an earlier entry wins, because a cause
often also prints the words of a later entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from cosmos_houdini.model.job import FailureClass


@dataclass(frozen=True, slots=True)
class Symptom:
    """A pattern of a line that shows a failure.

    Attributes:
        failure: its class.
        pattern: is searched in single lines.
        retryable: False if another attempt would end the same way.
        meaning: the cause in plain words, where the line alone tells too little.
    """

    failure: FailureClass
    pattern: re.Pattern[str]
    retryable: bool = True
    meaning: str = ""


def symptom(failure: FailureClass, *patterns: str, retryable: bool = True, meaning: str = "") -> Symptom:
    """Return a Symptom for any of the patterns, which ignore case."""
    return Symptom(failure, re.compile("|".join(patterns), re.IGNORECASE), retryable, meaning)


_SHARED_MEMORY = symptom(
    FailureClass.HOST_SETUP,
    r"/dev/shm\b.*(no space left|error|fail|cannot|unable)",  # noqa: S108 - a text
    r"(no space left|unable to (open|mmap|allocate)).*/dev/shm\b",
    r"shared memory segment.*(no space left|error|fail)|insufficient shared memory|out of shared memory",
    r"\bbus error\b|\(SIGBUS\)|exitcode\s*:\s*-7\b",
    meaning="the shared memory of the host or container (/dev/shm) is too small",
)
_RESOURCE_LIMITS = symptom(
    FailureClass.HOST_SETUP,
    r"cannot allocate memory in static TLS block|inotify.*(limit|no space left)|too many open files|\[errno 24\]",
    r"can't start new thread|thread creation failed|pthread_create.*(failed|unavailable)|\[errno 11\]",
    r"fork: (retry: )?resource temporarily unavailable|RLIMIT_MEMLOCK|ibv_reg_mr.*failed",
    meaning="a limit of the host or container (files, threads, locked memory) is too low",
)
_NETWORK = symptom(
    FailureClass.HOST_SETUP,
    r"network addresses of .* cannot be retrieved|gai error",
    r"no socket interface found|cannot assign requested address",
    meaning="the host's own network name or interface is set up wrong",
)
_GPU_MEMORY = symptom(
    FailureClass.OOM,
    r"(cuda|hip|gpu|device|xpu)\b.{0,80}\bout of memory|OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY",
    r"cudaErrorMemoryAllocation|cuda failure.{0,12}out of memory|\bout of memory\b.{0,40}\b(cuda|hip|gpu)\b",
    r"CU(BLAS|DNN|FFT|SOLVER|SPARSE)_\w*ALLOC(ATION)?_FAILED|CU(BLAS|DNN)_STATUS_NOT_INITIALIZED",
    # PyTorch asks the driver for the free memory when an allocation fails, and trips over the answer.
    r"NVML_SUCCESS == r INTERNAL ASSERT FAILED.*CUDACachingAllocator",
    r"no available memory for the cache blocks|free memory on device.*less than desired|cudaMalloc.*failed",
    r"(not enough|insufficient|run out of|ran out of|exceeds?( the)? available) (free )?(gpu|cuda|device|video) memory",
    r"max(imum)? (model|seq(uence)?) len.*larger than.*KV cache|failed to allocate.*bytes? .*on (device|gpu)",
)
_MAIN_MEMORY_ON_RECORD = symptom(
    FailureClass.OOM,
    r"slurmstepd: error: Detected \d+ oom.kill event|srun: error: .*: Out Of Memory$",
    r"out of memory: killed process|memory cgroup out of memory|DataLoader worker .*killed by signal: killed",
    r"DefaultCPUAllocator: (not enough memory|can't allocate)|\[enforce fail at alloc_cpu|std::bad_alloc",
    r"ArrayMemoryError|exceeded (its |the )?(job |step )?memory limit|OOMKilled",
    retryable=False,
    meaning="main memory ran out",
)
_DISK = symptom(
    FailureClass.DISK_FULL,
    r"no space left on device|\[errno 28\]|\(os error 28\)|\bENOSPC\b|disk quota exceeded|\[errno 122\]|\bEDQUOT\b",
    r"not enough (free )?(disk )?space|disk( is)? full|insufficient disk|out of disk space|file ?system is full",
    r"PytorchStreamWriter failed|inline_container\.cc.*unexpected pos",
)
_ACCOUNTS = symptom(
    FailureClass.AUTH,
    r"GatedRepo(Error)?|gated repo|\b40[13] client error|client error '40[13]\b|\b401 unauthorized|\b403 forbidden",
    r"invalid (user )?token|invalid credentials|invalid username or password",
    r"bad credentials|token.{0,20}(has )?expired",
    r"RepositoryNotFoundError|repository not found",
    r"access denied\. this repository|access to (model|dataset) .* restricted",
    r"not logged in|please log in|hf auth login|huggingface-cli login|LocalTokenNotFoundError|token is required",
    r"unauthorized: |authentication (is )?required|authentication failed|permission denied \(publickey",
    r"could not read (username|password) for|api_key not configured|invalid api key|no basic auth credentials",
    r"HTTP status (code )?40[13]\b",
)
_PORTS = symptom(
    FailureClass.TRANSIENT,
    r"\bEADDRINUSE\b|address already in use|\[errno (98|48|10048)\]|port (is |\d+ is )?already (allocated|in use)",
    r"only one usage of each socket address|failed to listen on any local network address",
    meaning="a network port of the host was taken by another program",
)
_BUSY = symptom(
    FailureClass.TRANSIENT,
    r"CUDA-capable device.*busy|devices? (is|are|is/are) busy or unavailable|cudaErrorDevicesUnavailable",
    r"device or resource busy|\[errno 16\]|text file busy|stale file handle|\[errno 116\]|database is locked",
    r"unable to create step.*(timed out|busy)|due to (preemption|node failure)|container name .* is already in use",
    meaning="something on the host was busy for the moment",
)
_SERVERS = symptom(
    FailureClass.TRANSIENT,
    r"too many requests|toomanyrequests|\b429\b.*(client|error|status)|(error|status)\D{0,20}\b429\b|rate.?limit",
    r"\b50[0234] server error|server error '50[0234]\b|HTTP (status )?(code )?50[0234]\b|internal server error",
    r"service (temporarily )?unavailable|bad gateway|gateway time-?out|TLS handshake timeout|i/o timeout",
    r"client\.timeout exceeded|request canceled while waiting",
    r"ReadTimeout|ConnectTimeout|read(ing)? timed out|read operation timed out|connect(ion)? timed out|\[errno 110\]",
    r"connection (was )?(reset|aborted)|ConnectionResetError|ConnectionAbortedError|\[errno 104\]|RemoteDisconnected",
    r"ChunkedEncodingError|IncompleteRead|RemoteProtocolError|EOF occurred in violation of protocol|SSLEOFError",
    r"unexpected EOF while (reading|downloading)|early EOF|RPC failed|remote end hung up|peer closed connection",
    meaning="a server or the network failed for the moment",
)
_CHECKPOINT_FILE = r"(checkpoints?\b|\.(pth?|ckpt|jit|safetensors|bin|gguf)\b|snapshots/|model_index\.json)"
_UNREACHABLE_HUB = symptom(
    FailureClass.MISSING_CHECKPOINT,
    r"LocalEntryNotFoundError|local entry not found|OfflineModeIsEnabled|offline mode is enabled",
    r"cached snapshot folder|dns error|couldn't connect to",
    r"name or service not known|name resolution|failed to resolve|getaddrinfo failed|no such host",
    r"network is unreachable|no route to host|NewConnectionError|max retries exceeded|ProxyError",
    meaning="a checkpoint is not on the host, and the host does not reach its server",
)
_CHECKPOINTS = symptom(
    FailureClass.MISSING_CHECKPOINT,
    rf"(FileNotFoundError|no such file or directory|IsADirectoryError|NotADirectoryError).*{_CHECKPOINT_FILE}",
    rf"{_CHECKPOINT_FILE}.{{0,120}}(not found|does(n't| not) exist|is missing|no such file|cannot be found|is corrupt)",
    r"(Revision|Entry)NotFoundError|is not a local folder and is not a valid model identifier|no checkpoint",
    r"no file named|not appear to have a file|(can't|cannot|could not) load (the )?(model|tokenizer|configuration) for",
    # It may have been downloaded in part, or as a pointer of Git LFS.
    r"SafetensorError|InvalidHeaderDeserialization|HeaderTooLarge|MetadataIncompleteBuffer|PytorchStreamReader failed",
    r"UnpicklingError|weights only load failed|pickle data was truncated|EOFError: ran out of input|git-lfs\.github",
    r"unexpected EOF, expected \d+ more bytes|invalid magic number|BadZipFile|not a zip (file|archive)",
    r"error\(s\) in loading state_dict|(missing|unexpected) key\(s\) in state_dict|(checksum|hash|sha256) mismatch",
    r"consistency check failed|is not a valid JSON file|checkpoint.{0,60}(incomplete|truncated|damaged|invalid)",
    r"CalledProcessError: .*'(hf|huggingface-cli)\b.*'download'",
    meaning="a checkpoint on the host is missing, cut off or of another kind",
)
_DRIVER = symptom(
    FailureClass.HOST_SETUP,
    r"driver on your system is too old|driver version is insufficient|found no nvidia driver|no nvidia driver",
    r"update your (gpu |nvidia )?driver|unsatisfied condition: (cuda|driver|brand)|driver/library version mismatch",
    r"forward compatibility was attempted|unsupported toolchain|nvidia-smi has failed|SYSTEM_DRIVER_MISMATCH",
    r"nvidia driver.*(too old|not (loaded|running|found|installed))|cudaErrorInsufficientDriver|libcuda\.so",
    meaning="the NVIDIA driver of the host is missing or too old",
)
_NO_GPU = symptom(
    FailureClass.HOST_SETUP,
    r"no cuda gpus are available|no cuda-capable device",
    r"invalid device ordinal|not compiled with cuda|finds no cuda gpu",
    r"no (gpu|cuda device|nvidia gpu|visible devices?)s?( (was|were))? (found|available|detected|visible)",
    r"cuda is not available",
    r"torch\.cuda\.is_available\(\) (is|returned) false|could not select device driver|capabilities: \[\[gpu\]\]",
    r"duplicate gpu detected|unknown or invalid runtime name: nvidia",
    r"failed to initialize NVML|could not find any nv files",
    r"nvidia-container-cli|nvidia-container-runtime",
    r"no devices were found|unresolvable CDI devices|cuda unknown error",
    meaning="the program gets no GPU, or fewer than it needs, on this host",
)
_GPU_BROKEN = symptom(
    FailureClass.HOST_SETUP,
    r"\bECC error|unspecified launch failure|gpu is lost|fallen off the bus|unable to determine the device handle",
    r"system not yet initialized|error 80[1-4]\b|initialization error",
    r"hardware stack error|\bXid\b|nvlink.{0,30}error",
    r"fabric manager|row remap|cudaErrorECCUncorrectable",
    r"cudaErrorLaunchFailure|unexpected error from cudaGetDeviceCount",
    r"peer access is not supported|mapping of buffer object failed|incorrectly set up environment",
    meaning="a GPU of the host, or its driver, is in trouble",
)
_GPU_TYPE = symptom(
    FailureClass.HOST_SETUP,
    r"no kernel image is available|kernel image is invalid|STATUS_ARCH_MISMATCH|unsupported gpu architecture",
    r"not compatible with the current pytorch",
    r"only supports? (ampere|hopper|blackwell)|out of resource: shared memory",
    r"(gpu|device)s? with compute capability|compute capability.*(not supported|required|too low)",
    r"invalid value for --gpu-architecture",
    r"sm_\d+.*(not (supported|defined)|unsupported)|bf(loat)?16 is (not|only) supported",
    r"illegal instruction \(core|\(SIGILL\)|exitcode\s*:\s*-4\b",
    meaning="the installed programs do not fit the GPU or the processor of the host",
)
_LIBRARIES = symptom(
    FailureClass.HOST_SETUP,
    r"ModuleNotFoundError|ImportError|no module named|cannot import name|DLL load failed|undefined symbol",
    r"cannot open shared object file|error while loading shared libraries",
    r"version `?(GLIBC|GLIBCXX|CXXABI)\w*.*not found",
    # An object of a class that lacks a method comes from another version; None and tensors come from a fault.
    r"module '[\w.]+' has no attribute",
    r"AttributeError: '(?-i:(?!NoneType|Tensor|Namespace)[A-Z]\w+)' object has no attribute",
    r"got an unexpected keyword argument|binary incompatibility|compiled using NumPy 1|numpy is not available",
    r"version incompatibility|VERSION_MISMATCH|VersionConflict|PackageNotFoundError|DistributionNotFound",
    r"operator \S+ does not exist|`?\w+`? is not installed|requires the \S+ library|requires (a different )?python\b",
    r"mismatches the version that was used to compile|cuda setup failed",
    r"SyntaxError: invalid syntax|compiled with different CUDA|(doesn't|does not) support bf(loat)?16",
    meaning="a library that the program needs is missing on the host, or has another version",
)
_PACKAGES = symptom(
    FailureClass.HOST_SETUP,
    r"could not find a version that satisfies|no matching distribution found|externally-managed-environment",
    r"ResolutionImpossible|no solution found when resolving|failed (building|to build) (wheel|installable)",
    r"can't be installed because|subprocess-exited-with-error|metadata-generation-failed",
    r"failed to find c compiler|ninja is required",
    r"(gcc|g\+\+|cc|nvcc|ninja|cmake|clang)\S* ?: (command )?not found|python\.h: no such file|cannot find -l\w+",
    r"cuda_home environment variable|could not find (nvcc|cuda|a c compiler)|no ffmpeg|ffmpeg.{0,20}not found",
    meaning="an installation on the host is incomplete",
)
_PROGRAMS = symptom(
    FailureClass.HOST_SETUP,
    r"command not found|: not found$|executable file not found|exec format error|cannot execute|bad interpreter",
    r"(FileNotFoundError|no such file or directory)[^/]*'(uvx?|hf|git|torchrun|python3?|ffmpeg|ffprobe|nvcc|gcc)'",
    r"execve\(\): .*no such file|unable to allocate resources: (invalid|requested node)|invalid partition",
    r"exec: \"?[\w./-]+\"?: (permission denied|no such file)|env: .*no such file",
    r"can't open file '.*\.py'|error while finding module specification",
    meaning="a program is missing on the host, or cannot start there",
)
_CONTAINERS = symptom(
    FailureClass.HOST_SETUP,
    r"unable to find image|pull access denied|manifest (unknown|for .* not found)|no such image|no matching manifest",
    r"(image|repository) does not exist|cannot connect to the docker daemon",
    r"docker daemon (running|socket)|docker\.sock",
    r"error response from daemon|OCI runtime|failed to create (task|shim)|invalid reference format",
    r"(?-i:FATAL): .*(container|image|unable|could not|while)|failed to (mount|create namespace)|newuidmap|squashfuse",
    r"user namespaces? .*(disabled|not)",
    meaning="the container cannot be started on the host",
)
_PERMISSIONS = symptom(
    FailureClass.HOST_SETUP,
    r"PermissionError|permission denied|\[errno 13\]|operation not permitted|\[errno 1\] |read-only file system",
    r"\[errno (30|5|107)\]|input/output error|transport endpoint is not connected|dubious ownership",
    r"certificate verify failed|CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
    meaning="the host refuses what the program needs",
)
_STANDSTILL = symptom(
    FailureClass.STALLED,
    r"DistStoreError|collective operation timeout|RendezvousTimeout|rendezvous.{0,40}timed? ?out|monitoredBarrier",
    r"(socket|store|process group|barrier|heartbeat|wait)\b.{0,60}\b(timed out|timeout)|NCCL.{0,40}time(d )?out",
    r"timed out (after|initializing|waiting)|heartbeat monitor|communicator was aborted.*timeout",
)
_TIME_LIMIT = symptom(
    FailureClass.TIMEOUT,
    r"due to time limit|time limit (was )?(reached|exceeded)|exceeded (its |the )?(wall ?)?time limit",
)
_INPUT = symptom(
    FailureClass.BAD_INPUT,
    r"sizes of tensors must match|the size of tensor a .* must match|shape '.*' is invalid for input of size",
    r"shapes cannot be multiplied|expected input.* to have \d+ channels|could not broadcast|size mismatch, (m1|got)",
    r"invalid data found when processing input|moov atom not found",
    r"(FileNotFoundError|no such file).*\.(mp4|mov|mkv|png|jpe?g)\b",
    r"error validating parameters|validation errors? for ",
    r"unsupported media extension|cannot identify image file|DECORDError",
    r"(video|image|input|control)\b.{0,60}\b(is empty|has no frames|cannot be (read|opened|decoded))",
)
_REMOTE_END = symptom(
    FailureClass.TRANSIENT,
    r"connection refused|ConnectionRefusedError|\[errno (111|32)\]|broken pipe|connection was likely closed",
    r"ncclRemoteError|remote process (has )?(terminated|exited)",
    meaning="a connection between the parts of the program broke",
)
_MAIN_MEMORY = symptom(
    FailureClass.OOM,
    r"exitcode\s*:\s*-9\b|cannot allocate memory|\[errno 12\]|\bMemoryError\b|\(SIGKILL\)|out of memory",
    retryable=False,
    meaning="main memory ran out",
)

GENERAL_SYMPTOMS: Final = (
    _RESOURCE_LIMITS,
    _NETWORK,
    _MAIN_MEMORY_ON_RECORD,
    _GPU_MEMORY,
    _SHARED_MEMORY,
    _DISK,
    _ACCOUNTS,
    _TIME_LIMIT,
    _PORTS,
    _BUSY,
    _SERVERS,
    _DRIVER,
    _NO_GPU,
    _GPU_BROKEN,
    _GPU_TYPE,
    _LIBRARIES,
    _PACKAGES,
    _PROGRAMS,
    _CONTAINERS,
    _UNREACHABLE_HUB,
    _CHECKPOINTS,
    _PERMISSIONS,
    _STANDSTILL,
    _INPUT,
    _REMOTE_END,
    _MAIN_MEMORY,
)
