/** Jobs that run the parts of a comparison, one task each: pure texts. Paths and names come quoted for a POSIX shell. */

export const SCHEDULERS = ['slurm', 'kubernetes', 'ray'] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

/** Of one task. A machine with fewer needs another number in the printed job. */
const CPUS = 8;

export interface Job {
  /** the comparison's command line, quoted for a POSIX shell: "offaxis compare 'BASE' 'TUNED' ..." */
  command: string;
  /** the folder of the parts, as it is (not beginning with a dash) and quoted */
  folder: string;
  quotedFolder: string;
  /** how many parts there are */
  of: number;
  /** parts to be run, ascending, at least one; `ranges`: the same as "1-3,7" */
  missing: readonly number[];
  ranges: string;
  /** what a task may take, as the command says, too; 0: as its machine allows */
  memoryBytes: number;
}
/** Rounded up. */
const mebibytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

/** The job's file, without a newline at its end. */
export function jobText(scheduler: Scheduler, job: Job): string {
  return { slurm, kubernetes, ray }[scheduler](job);
}

/** https://slurm.schedmd.com/job_array.html */
function slurm({ command, quotedFolder, of, ranges, memoryBytes }: Job): string {
  return `#!/bin/bash
# Submit with: sbatch THIS_FILE
#SBATCH --job-name=offaxis
#SBATCH --array=${ranges}
#SBATCH --cpus-per-task=${CPUS}${memoryBytes ? `\n#SBATCH --mem=${mebibytes(memoryBytes)}M` : ''}
#SBATCH --output=offaxis-%A_%a.log
set -euo pipefail
mkdir -p ${quotedFolder}
${command} \\
  --shard "$SLURM_ARRAY_TASK_ID/${of}" --threads "\${SLURM_CPUS_PER_TASK:-1}" \\
  --json ${quotedFolder}/"part-$SLURM_ARRAY_TASK_ID.json"`;
}

/**
 * https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/; `kubectl apply` takes no generateName. Relative paths count
 * from the volume, so that parts outlive their container. `exec`, so that a signal to the container reaches offaxis.
 */
function kubernetes({ command, quotedFolder, of, missing, memoryBytes }: Job): string {
  const size = memoryBytes ? `${mebibytes(memoryBytes)}Mi` : '16Gi';
  const limits = memoryBytes ? `, limits: { memory: ${size} }` : '';
  const script = [
    'set -eu',
    `set -- ${missing.join(' ')}`,
    'shift "$JOB_COMPLETION_INDEX"',
    `mkdir -p ${quotedFolder}`,
    `exec ${command} --shard "$1/${of}" --threads ${CPUS} --json ${quotedFolder}/"part-$1.json"`,
  ].join('\n');
  return `# kubectl create -f THIS_FILE. Set the image (one that has offaxis) and the claim of the volume that holds the checkpoints.
apiVersion: batch/v1
kind: Job
metadata:
  generateName: offaxis-
spec:
  completionMode: Indexed
  completions: ${missing.length}
  parallelism: ${missing.length}
  backoffLimitPerIndex: 2
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: offaxis
          image: REGISTRY/offaxis:latest
          resources: { requests: { cpu: "${CPUS}", memory: ${size} }${limits} }
          volumeMounts: [{ name: checkpoints, mountPath: /checkpoints }]
          workingDir: /checkpoints
          command: [sh, -c]
          args:
            - |
              ${script.replaceAll('\n', `\n${' '.repeat(14)}`)}
      volumes: [{ name: checkpoints, persistentVolumeClaim: { claimName: CLAIM } }]`;
}

/**
 * https://docs.ray.io/en/latest/ray-core/tasks.html; the command goes through a shell, as it is quoted for one. Tasks start in the folder
 * that "ray start" ran in, not in the driver's. A task whose machine is lost raises in ray.get: the others go on.
 */
function ray({ command, folder, quotedFolder, of, missing, memoryBytes }: Job): string {
  const text = (value: string): string => JSON.stringify(value);
  return `import os, subprocess, ray
ray.init(address=os.environ.get("RAY_ADDRESS"))
here = os.getcwd()
os.makedirs(${text(folder)}, exist_ok=True)

@ray.remote(num_cpus=${CPUS}${memoryBytes ? `, memory=${memoryBytes}` : ''}, max_retries=2)
def part(index):
    command = ${text(`${command} --threads ${CPUS} --shard `)} + f"{index}/${of}" + ${text(` --json ${quotedFolder}/part-`)} + f"{index}.json"
    return subprocess.run(command, shell=True, cwd=here).returncode

def worked(task):
    try:
        return ray.get(task) == 0
    except ray.exceptions.RayError as error:
        print(error)
        return False

tasks = [(index, part.remote(index)) for index in ${JSON.stringify(missing)}]
failed = [index for index, task in tasks if not worked(task)]
raise SystemExit(f"parts that failed: {failed}" if failed else 0)`;
}
