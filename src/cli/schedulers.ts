/** Jobs that run the parts of a comparison, one task each: pure texts. Paths and names come quoted for a POSIX shell. */

export const SCHEDULERS = ['slurm', 'kubernetes', 'ray'] as const;
export type Scheduler = (typeof SCHEDULERS)[number];

export interface Job {
  /** the comparison's command line, quoted for a POSIX shell: "offaxis compare 'BASE' 'TUNED' ..." */
  command: string;
  /** the folder of the parts, as it is and quoted */
  folder: string;
  quotedFolder: string;
  /** how many parts there are */
  of: number;
  /** parts to be run, ascending, at least one; `ranges`: the same as "1-3,7" */
  missing: readonly number[];
  ranges: string;
}

/** The job's file, without a newline at its end. */
export function jobText(scheduler: Scheduler, job: Job): string {
  return { slurm, kubernetes, ray }[scheduler](job);
}

/** https://slurm.schedmd.com/job_array.html */
function slurm({ command, quotedFolder, of, ranges }: Job): string {
  return `#!/bin/bash
# Submit with: mkdir -p ${quotedFolder} && sbatch THIS_FILE
#SBATCH --job-name=offaxis
#SBATCH --array=${ranges}
#SBATCH --cpus-per-task=8
#SBATCH --output=offaxis-%A_%a.log
set -euo pipefail
mkdir -p ${quotedFolder}
${command} \\
  --shard "$SLURM_ARRAY_TASK_ID/${of}" --threads "\${SLURM_CPUS_PER_TASK:-1}" \\
  --json ${quotedFolder}/"part-$SLURM_ARRAY_TASK_ID.json"`;
}

/** https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/ */
function kubernetes({ command, quotedFolder, of, missing }: Job): string {
  const script = [
    'set -eu',
    `set -- ${missing.join(' ')}`,
    'shift "$JOB_COMPLETION_INDEX"',
    `mkdir -p ${quotedFolder}`,
    `${command} --shard "$1/${of}" --json ${quotedFolder}/"part-$1.json"`,
  ];
  return `# kubectl apply -f THIS_FILE. Set the image (one that has offaxis) and the claim of the volume that holds the checkpoints.
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
          resources: { requests: { cpu: "8", memory: 16Gi } }
          volumeMounts: [{ name: checkpoints, mountPath: /checkpoints }]
          command: [sh, -c]
          args:
            - |
${script.map((line) => `              ${line}`).join('\n')}
      volumes: [{ name: checkpoints, persistentVolumeClaim: { claimName: CLAIM } }]`;
}

/** https://docs.ray.io/en/latest/ray-core/tasks.html; the command goes through a shell, as it is quoted for one. */
function ray({ command, folder, quotedFolder, of, missing }: Job): string {
  const text = (value: string): string => JSON.stringify(value);
  return `import os, subprocess, ray
ray.init(address=os.environ.get("RAY_ADDRESS"))
os.makedirs(${text(folder)}, exist_ok=True)

@ray.remote(num_cpus=8, max_retries=2)
def part(index):
    command = ${text(`${command} --shard `)} + f"{index}/${of}" + ${text(` --json ${quotedFolder}/part-`)} + f"{index}.json"
    return index, subprocess.run(command, shell=True).returncode

failed = [index for index, code in ray.get([part.remote(i) for i in ${JSON.stringify(missing)}]) if code]
raise SystemExit(f"parts that failed: {failed}" if failed else 0)`;
}
