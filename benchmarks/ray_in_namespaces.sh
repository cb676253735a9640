#!/usr/bin/env bash
# A study on two Ray nodes, each in its own network namespace, and the same study in one
# process: which node trained which run, and whether all weights are bit-identical.
#
#     sudo -E bash benchmarks/ray_in_namespaces.sh STUDY.toml EMPTY_FOLDER
#
# Needs root, iproute2, the extra `ray`, and vaelab's environment activated; at the end it stops every
# Ray of this machine.
set -euo pipefail
study=$(realpath "$1") out=$(realpath "$2")
head=10.77.0.1 other=10.77.0.2 port=6399
export RAY_AUTH_MODE=disabled RAY_USAGE_STATS_ENABLED=0 OMP_NUM_THREADS=1

clean() {
    [ -z "${watch:-}" ] || kill "$watch" 2>/dev/null || true
    ray stop --force >/dev/null 2>&1 || true
    ip netns delete vaelab-a 2>/dev/null || true
    ip netns delete vaelab-b 2>/dev/null || true
}
trap clean EXIT

ip netns add vaelab-a
ip netns add vaelab-b
ip link add vaelab-ea type veth peer name vaelab-eb
ip link set vaelab-ea netns vaelab-a
ip link set vaelab-eb netns vaelab-b
ip -n vaelab-a address add $head/24 dev vaelab-ea
ip -n vaelab-b address add $other/24 dev vaelab-eb
for name in a b; do
    ip -n vaelab-$name link set lo up
    ip -n vaelab-$name link set vaelab-e$name up
done

ip netns exec vaelab-a ray start --head --node-ip-address $head --port $port --num-cpus 1 \
    --include-dashboard false --temp-dir "$out/ray"
ip netns exec vaelab-b ray start --address $head:$port --node-ip-address $other --num-cpus 1

mkdir "$out/nodes" "$out/process"
while sleep 0.5; do
    for worker in $(pgrep -f vaelab.studies.worker); do
        echo "worker $worker in $(readlink "/proc/$worker/ns/net")"
    done
done >"$out/workers.txt" 2>/dev/null &
watch=$!
(cd "$out/nodes" && RAY_ADDRESS=$head:$port ip netns exec vaelab-a \
    vaelab study "$study" --executor ray --accelerator cpu)
(cd "$out/process" && vaelab study "$study" --accelerator cpu)

(cd "$out/process" && find . -name model.safetensors -not -path '*/archive/*') | while read -r file; do
    cmp "$out/nodes/$file" "$out/process/$file"
    echo "bit-identical: $file"
done
sort --unique "$out/workers.txt"
