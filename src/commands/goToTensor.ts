import * as vscode from 'vscode';
import { OffaxisError } from '../protocol/errors.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { rank } from './fuzzy.ts';
import type { Command } from './register.ts';
import { label } from '../text/show.ts';

/** More are not read through; another letter narrows them down. */
const SHOWN = 200;

/** "Go to Tensor...": a quick pick over the checkpoint in front. */
export const goToTensor: Command = {
  id: 'offaxis.goToTensor',
  async run({ inspector }) {
    const uri = inspector.activeUri;
    const facts = uri && inspector.factsOf(uri);
    if (!uri || !facts)
      throw new OffaxisError(
        'bad-parameter',
        vscode.l10n.t('No checkpoint is in front. Open one, then go to a tensor of it.'),
      );
    const tensor = await pickTensor(facts.tensors);
    if (tensor !== undefined) await inspector.open(uri, tensor, vscode.ViewColumn.Active);
  },
};

type TensorItem = vscode.QuickPickItem & { tensor: string };

function pickTensor(tensors: readonly TensorRow[]): Promise<string | undefined> {
  const names = tensors.map((tensor) => ({ tensor, lower: tensor.name.toLowerCase() }));
  const pick = vscode.window.createQuickPick<TensorItem>();
  pick.title = vscode.l10n.t('Go to Tensor');
  pick.placeholder = vscode.l10n.t('Parts of the name, as in "12 q_proj", of {0} tensors', tensors.length);
  const show = (): void => {
    pick.items = rank(names, ({ lower }) => lower, pick.value, SHOWN).map(({ tensor }) => itemOf(tensor));
  };
  show();
  pick.onDidChangeValue(show);
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.tensor);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
function itemOf({ name, layer, dtype, shape, missing }: TensorRow): TensorItem {
  const place = layer === null ? '' : vscode.l10n.t('layer {0}', layer);
  const facts = missing ? vscode.l10n.t('missing') : `${label(dtype)} ${shape.join(' × ') || vscode.l10n.t('scalar')}`;
  return {
    label: label(name, 300),
    description: [place, facts].filter(Boolean).join(', '),
    // what is offered was found here: the pick's own filter knows no words
    alwaysShow: true,
    tensor: name,
  };
}
