#!/usr/bin/env bash
# Packs internal/gpucheck for a machine with a GPU that has neither Go nor a network: the program, the goldens, and what transformers is
# timed by. Needs Go and gcc.
#
#   scripts/gpucheck.sh [FOLDER]      writes FOLDER/gpucheck.tar.xz; the folder is .cache/gpucheck, unless another is named
#
# There: tar xJf gpucheck.tar.xz && gpucheck/run -for 8m -json table.json
# It takes x86-64 Linux with glibc 2.34 or newer, an NVIDIA driver, and Python packages jax-cuda13-pjrt or jax-cuda12-pjrt with CUDA's
# libraries, as pip install "jax[cuda13]" brings them. Torch with transformers is timed beside it where Python has them.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${1:-.cache/gpucheck}
limit=20000000 # bytes
rm -rf "$out/gpucheck"
mkdir -p "$out/gpucheck"

CGO_ENABLED=1 GOEXPERIMENT=simd go build -trimpath -ldflags="-s -w" -o "$out/gpucheck/" ./internal/gpucheck
cp --parents -r testdata/golden/a/{checkpoint,images.safetensors,more.safetensors} testdata/tiny scripts/gpucheck_torch.py "$out/gpucheck/"

cat > "$out/gpucheck/run" <<'RUN'
#!/usr/bin/env bash
# Runs gpucheck from its folder. Its checkpoint of 8 GB goes into memory where there is room for it.
set -euo pipefail
start=$PWD
cd "$(dirname "$0")"
# go-xla looks for CUDA's libraries elsewhere than JAX puts them, and warns.
export GOPJRT_CUDA_CHECKS=no GOMLX_NO_AUTO_INSTALL=1 TF_CPP_MIN_LOG_LEVEL=${TF_CPP_MIN_LOG_LEVEL:-2}
# where drivers are mounted into containers
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}/usr/local/nvidia/lib64
room=$(df --output=avail -B1G /dev/shm 2>/dev/null | tail -n 1 || echo 0)
if [ "${room:-0}" -ge 24 ]; then export TMPDIR=/dev/shm; fi
args=("$@")
for ((i = 0; i + 1 < ${#args[@]}; i++)); do
	case ${args[i]}:${args[i + 1]} in
	-json:/* | -dir:/*) ;;
	-json:* | -dir:*) args[i + 1]=$start/${args[i + 1]} ;;
	esac
done
exec ./gpucheck "${args[@]}"
RUN
chmod +x "$out/gpucheck/run"

tar --owner=0 --group=0 --sort=name --mtime=@0 -C "$out" -cf - gpucheck | xz -9e > "$out/gpucheck.tar.xz"
size=$(stat -c %s "$out/gpucheck.tar.xz")
echo "$out/gpucheck.tar.xz: $size bytes"
if [ "$size" -gt "$limit" ]; then
	echo "more than $limit bytes" >&2
	exit 1
fi
