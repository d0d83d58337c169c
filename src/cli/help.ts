/** The help texts of the command line. */
import { STEP_NAMES } from '../formats/index.ts';

const HELP = `offaxis opens model checkpoints and shows what training did to them.

  offaxis inspect PATH [options]          one checkpoint: a .safetensors file, an index, or a folder
  offaxis compare BASE TUNED [options]    what training did, layer by layer
  offaxis compare ADAPTER [options]       the same with the base that the adapter names, if it is on this machine
  offaxis compare ADAPTER OTHER [options] two updates of one base: an adapter beside another, or beside a full fine-tune
  offaxis report BASE TUNED -o FILE       the same as a document: .md or .html
  offaxis gather PART... [options]        the parts of a comparison that several machines shared, put together
  offaxis cluster SCHEDULER BASE TUNED    the job that shares it: slurm, kubernetes or ray
  offaxis runs BASE TUNED TUNED ...       several runs of one base: where they agree, beside chance
  offaxis steps BASE FOLDER | STEP ...    the checkpoints along one run, beside a random walk
  offaxis check PATH [options]            scan for problems: exit status 1 if there are any
  offaxis verify A B [options]            are these the same weights? exit status 1 if not
  offaxis diff BASE TUNED -o PATCH        what changed, as a file
  offaxis apply BASE PATCH -o OUT         the tuned checkpoint again, bit by bit
  offaxis mask BASE [TUNED] --kind KIND   masks of weights, for training
  offaxis mcp [options]                   tools for an assistant: an MCP server on standard input and output
  offaxis cache [info|clear]              what is kept on this machine, so that nothing is computed twice
  offaxis gpu [options]                   this machine's GPU, and what spectra are computed on
  offaxis help COMMAND                    the options of one command
  offaxis --version

A PATH that is read may be an address: https://HOST/.../model.safetensors or its index, hf://owner/name[@revision][/path] (HF_TOKEN,
HF_ENDPOINT), or s3://bucket/key (AWS_ACCESS_KEY_ID and so on, AWS_ENDPOINT_URL). It is read in parts, where it lies.

Exit status: 0 fine, 1 bad input or problems found, 2 wrong usage, 130 cancelled.`;
const HELP_ENGINE = `  --backend auto|gpu|cpu where spectra are computed (default auto)
  --threads N            worker threads (default: all cores)
  --gpu-memory MIB       what GPU buffers may hold (default: from the adapter's limits)
  --memory SIZE          what the program may take in all, such as 4GB: fewer matrices at once, and a matrix that does not fit is
                         left out and named (default: as the machine allows)
  --cache-size SIZE      what kept results and downloads may take on disk (default 4GB)
  --no-cache             look for nothing that was kept, and keep nothing`;
const HELP_RANKS = `  --alpha A              fraction of weights in a mask, 0 < A < 1 (default 0.3)
  --angle-rank K         size of the principal subspaces (default min(512, floor(q/2)))
  --mask-rank R          rank of the reconstruction and energies (default min(64, ceil(q/8)))
  --tensors GLOB         compare only tensors whose name matches
  --include-embeddings   spectra of embeddings and output head too`;
const HELP_NOISE = `  --twin                 beside each matrix's figures those of noise of the same size (two thirds more work)
  --twin-seed N          another draw of that noise (default 0; implies --twin)
  --until STAGE          change: elementwise figures only, as --no-spectra. alignment: where the update points, both views of alignment and the
                         size of its rank, several times faster than whole spectra. spectra (default): everything`;
const HELP_MCP = `offaxis mcp [options]

Serves tools that inspect, compare, verify and find over standard input and output until the client ends.
Relative paths are taken from the folder that it was started in. It only reads, and uses no network.

  --root DIR             folder whose checkpoints may be read; may be given again (default: the folder that it was started in).
                         Links out of it are refused, unless they lead into the Hugging Face hub's cache
${HELP_ENGINE}`;
const HELP_GPU = `offaxis gpu [options]

  --json FILE|-          write offaxis.gpu/1 JSON to a file, or to standard output
${HELP_ENGINE}`;
const HELP_INSPECT = `offaxis inspect PATH [options]

  --stats                statistics and histogram of every floating tensor
  --spectra              spectral metrics of every block matrix
  --singular-values      the singular values too (in the JSON; implies --spectra)
  --delta-base PATH      of a delta (weight_v*, delta-*): what it makes of the checkpoint that it was made on
  --context TOKENS       estimate the KV cache for so many tokens (default: the longest that the model states)
  --json FILE|-          write offaxis.inspection/1 JSON to a file, or to standard output
${HELP_ENGINE}`;
const HELP_CHECK = `offaxis check PATH [options]

Reads every weight and looks for NaN, infinities, all-zero and constant tensors, dead rows and columns, duplicates, fp16 overflow,
subnormal weights, scales apart from the sibling layers, missing shards and errors of the header. Exit status: 0 clean, 1 if there
is an error or a warning (--strict: any finding), 2 wrong usage, 130 cancelled.

  --strict               findings of severity info fail the check too
  --sha256               SHA-256 of every file and every tensor (a quantised one: of its values as 32-bit floats)
  --json FILE|-          write offaxis.check/1 JSON to a file, or to standard output
  --sarif FILE|-         the findings as SARIF 2.1.0, for CI systems that show them
${HELP_ENGINE}`;
const HELP_DELTA_BASE =
  '  --delta-base PATH      what a delta (weight_v*, delta-*) was made on, if that does not lie beside it';
const HELP_VERIFY = `offaxis verify A B [options]

Are these the same weights? Names and layouts are made to agree first (fused against split, stacked against single experts, prefixes, the
names of families), then every tensor is held against its counterpart: equal bits, equal values (stored in another type or layout; NaN
equals NaN, +0 equals -0), or the first weight that differs and the largest difference. For conversions, merges, uploads, and checkpoints
that a server wrote back. Exit status: 0 the same, 1 not, 2 wrong usage, 130 cancelled.

  --rtol R, --atol A     weights may differ by A + R times that of B (default 0)
  --json FILE|-          write offaxis.verify/1 JSON to a file, or to standard output
${HELP_DELTA_BASE}
${HELP_ENGINE}`;
const HELP_MASK = `offaxis mask BASE --kind principal|off-principal|low|safe|geo [options] -o FILE.safetensors
offaxis mask BASE TUNED --kind changed [options] -o FILE.safetensors

Writes one U8 tensor a weight matrix inside the layers, under its name and of its shape: 1 is in the mask. docs/masks.md has the hook
for PyTorch.
  principal              the largest of abs(W^(r)), W^(r) the rank-r reconstruction
  off-principal          all others
  low                    the smallest of abs(W)
  safe                   low or not principal
  geo                    the smallest of abs(W^(16)) or of abs(W)
  changed                what training changed, of every tensor that both have

  --alpha A              fraction of a mask (default 0.3)
  --mask-rank R          rank of the reconstruction (default min(64, ceil(q/8)); 16 for geo)
  --rho P                fraction of geo (default 0.2)
  --tensors GLOB         only tensors whose name matches
  --packed               eight weights a byte, the first in the lowest bit; the shapes stand in the metadata
${HELP_DELTA_BASE}`;
const HELP_DIFF = `offaxis diff BASE TUNED -o PATCH.safetensors

Writes what changed of BASE in TUNED: of every tensor the numbers of the elements whose bits differ (NAME#indices) and their values
(NAME#values), or the whole tensor if that takes less, and in the metadata the recipe and the SHA-256 of what it belongs to. Layouts
may differ. How many bytes that will be is said before they are written. Nothing is ever written over a checkpoint.
"offaxis apply" makes TUNED from BASE again.

${HELP_DELTA_BASE} (of TUNED: BASE)`;
const HELP_APPLY = `offaxis apply BASE PATCH -o OUT.safetensors

Makes the tuned checkpoint that PATCH was written from, with the same bits in every tensor. BASE is first checked by SHA-256, and the
result before it is put in its place. Above 5 GB it is written as shards with an index. Nothing is ever written over a checkpoint.

${HELP_DELTA_BASE}`;
const HELP_COMPARE = `offaxis compare BASE TUNED [options]
offaxis compare ADAPTER [options]
offaxis compare ADAPTER OTHER [--base PATH] [--json FILE|-]

Two adapters are compared through their updates, which takes the base only for kinds that depend on it; an adapter beside a full
fine-tune always. An adapter's base is looked for where its configuration says (base_model_name_or_path: a path from the adapter or from here), in
folders of that name beside the adapter and here, and in the hub's cache (HF_HUB_CACHE, HF_HOME).

${HELP_RANKS}
  --profiles             change per row and per column in the JSON
${HELP_NOISE}
  --base PATH            the base of ADAPTER and OTHER (default: the one that the adapter names)
  --json FILE|-          write offaxis.comparison/1 JSON (of two updates offaxis.updates/1) to a file, or to standard output
  --csv FILE             write one row a tensor
  --parquet FILE         the same as Parquet, with types
  --shard I/N            only part I of N (1 to N), into the file of --json as offaxis.part/1: "offaxis gather" puts them together
${HELP_ENGINE}`;
const HELP_REPORT = `offaxis report BASE TUNED [options] -o FILE.md|FILE.html
offaxis report ADAPTER [options] -o FILE.md|FILE.html

Writes a comparison as a document that needs nothing beside it: what was compared and what was left out, the answer in sentences, a map
and a table for each question, what weights cannot tell, and parameters, files and the command line to do it again. It runs no script
and loads nothing. With --twin each figure stands beside that of noise of the same size.

  -o FILE                where to write; its ending says which: .md or .html
${HELP_RANKS}
${HELP_NOISE}
${HELP_ENGINE}`;
const HELP_GATHER = `offaxis gather PART... [options]

PART is what "offaxis compare --shard I/N --json PART" wrote, or a folder of such files. They must be of one comparison by one version
of Offaxis, of the same files, and all N must be there: missing and failed ones are named. The result is that of one run.

  --json FILE|-          write offaxis.comparison/1 JSON to a file, or to standard output
  --csv FILE             write one row a tensor
  --parquet FILE         the same as Parquet, with types`;
const HELP_CLUSTER = `offaxis cluster slurm|kubernetes|ray BASE TUNED --shards N [options of compare]

Prints a job that compares in N parts: an array script for Slurm, an Indexed Job for Kubernetes, a driver for Ray. Parts that lie in
the folder already are left out of it, so the same command again makes the job of what is missing.

  --shards N             how many parts; each is one task
  --parts DIR            where the parts go, on a disk that all machines see (default offaxis-parts)
  --memory SIZE          what a task may take in all, such as 16GB: it keeps to that, and the scheduler is asked for it`;

const HELP_RUNS = `offaxis runs BASE TUNED TUNED ... [options]

Several tuned checkpoints or adapters of one base, each against the base and every two beside each other: cosine and signs of their
updates, weights that both changed, directions that they share; each beside what independent runs would give. Every weight is read once.

${HELP_RANKS}
${HELP_NOISE}
  --json FILE|-          write offaxis.runs/1 JSON to a file, or to standard output
  --csv FILE             write one row a tensor and run, each against the base
  --parquet FILE         the same as Parquet, with types
${HELP_ENGINE}`;
const HELP_STEPS = `offaxis steps BASE FOLDER [options]
offaxis steps [BASE] STEP STEP ... [options]

The checkpoints along one run, in the order of their steps: how far they went, how straight, in how many directions; each beside a random
walk of the same increments. A step is named ${STEP_NAMES}, or given as
STEP=PATH; a folder stands for all steps in it. What slime and SkyRL publish between two steps (deltas) are steps too. Without BASE the first step is the base; of adapters, the base that they name.

${HELP_RANKS}
${HELP_NOISE}
  --json FILE|-          write offaxis.steps/1 JSON to a file, or to standard output
  --csv FILE             write one row a tensor and step, each against the base
  --parquet FILE         the same as Parquet, with types
${HELP_ENGINE}`;

const HELP_CACHE = `offaxis cache [info|clear]

Spectra, leading directions and figures that were computed are kept on this machine, by the content of the weights that they belong to:
the same comparison again is read from there, and another one over the same base computes the tuned side only. A changed file is computed
anew. What was downloaded of a remote file lies there, too, in half of the space at most. What was used longest ago goes when there is
more than --cache-size.

  info                   where they lie, how many there are, and what they take
  clear                  removes all of them

The folder is OFFAXIS_CACHE if that is set, else among the caches of this system (XDG_CACHE_HOME, ~/Library/Caches, %LOCALAPPDATA%).`;

/** The help text of a command, or the overview. */
export function helpText(topic: string | null): string {
  if (topic === 'inspect') return HELP_INSPECT;
  if (topic === 'compare') return HELP_COMPARE;
  if (topic === 'report') return HELP_REPORT;
  if (topic === 'gather') return HELP_GATHER;
  if (topic === 'cluster') return HELP_CLUSTER;
  if (topic === 'runs') return HELP_RUNS;
  if (topic === 'steps') return HELP_STEPS;
  if (topic === 'cache') return HELP_CACHE;
  if (topic === 'gpu') return HELP_GPU;
  if (topic === 'mcp') return HELP_MCP;
  if (topic === 'check') return HELP_CHECK;
  if (topic === 'mask') return HELP_MASK;
  if (topic === 'diff') return HELP_DIFF;
  if (topic === 'apply') return HELP_APPLY;
  if (topic === 'verify') return HELP_VERIFY;
  return HELP;
}
