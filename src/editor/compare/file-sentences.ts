/** What is wrong with a file, in words. Knows no VS Code; loaded at the start, unlike what reads files. */
import type { FileError } from '../../model/files/file-error.ts';
import type { Localiser } from '../../model/localiser.ts';

/** What is wrong with a file, with the place, as a sentence with the next step. */
export function fileSentence({ code, facts }: FileError, l10n: Localiser): string {
  const fact = (key: string): string | number => facts[key] ?? '';
  switch (code) {
    case 'file-empty':
      return l10n.t('The file holds nothing to compare with. Choose another one.');
    case 'file-too-large':
      return l10n.t(
        'The file holds more than {0}, which is more than any memory. Choose another one.',
        fact('most'),
      );
    case 'file-cut':
      return l10n.t('The file ends too early: its header promises {0} bytes. Write it anew.', fact('bytes'));
    case 'npy-header':
      return l10n.t('The header of this NumPy file is damaged at byte {0}. Write it anew.', fact('offset'));
    case 'npy-version':
      return l10n.t(
        'This NumPy file has format version {0}; 1, 2 and 3 are known. Save it with numpy.save.',
        fact('text'),
      );
    case 'npy-type':
      return l10n.t(
        'This NumPy file holds "{0}", which are no numbers of 1 to 8 bytes. Convert it with astype.',
        fact('text'),
      );
    case 'no-number':
      return l10n.t(
        'Line {0} has "{1}", which is no number. If the file is not text, give it the ending .bin.',
        fact('line'),
        fact('text'),
      );
    case 'heading-unclear':
      return l10n.t(
        'Line {0} begins with "{1}", which may be a heading or hexadecimal digits. Delete the heading, or write 0x in front of all numbers.',
        fact('line'),
        fact('text'),
      );
    case 'csv-row':
      return l10n.t(
        'Line {0} begins with "{1}"; DATA and STALL are known. Correct the file.',
        fact('line'),
        fact('text'),
      );
    case 'csv-keep':
      return l10n.t(
        'Line {0} keeps only some of its bytes (TKEEP {1}), and the file does not say which values they are. Leave only those and set TKEEP to -1.',
        fact('line'),
        fact('text'),
      );
    case 'hex-record':
      return l10n.t(
        'Line {0} is no Intel HEX record: "{1}". Write the file anew.',
        fact('line'),
        fact('text'),
      );
    case 'hex-checksum':
      return l10n.t('The checksum of line {0} is wrong: the file is damaged. Write it anew.', fact('line'));
    case 'hex-overlap':
      return l10n.t(
        'Line {0} has bytes for an address that another line has, too. Correct the file.',
        fact('line'),
      );
    case 'json':
      return l10n.t('This JSON file holds no numbers of a memory ({0}). Choose another one.', fact('text'));
    case 'file-outside':
      return l10n.t(
        'The file has bytes for {0}, which this memory does not have. Open the memory it is of.',
        fact('text'),
      );
    case 'snapshot':
      return l10n.t('This is no snapshot, or it is damaged ({0}). Choose another file.', fact('text'));
    case 'file-unreadable':
      return l10n.t('The file cannot be read ({0}). Choose another one.', fact('text'));
    case 'file-unwritten':
      return l10n.t('The file was not written ({0}). Choose another place.', fact('text'));
    case 'number-outside':
      return facts['line'] === undefined
        ? l10n.t(
            'The file has {0}, which does not fit into {1}. Choose another type.',
            fact('text'),
            fact('type'),
          )
        : l10n.t(
            'Line {0} has {1}, which does not fit into {2}. Choose another type.',
            fact('line'),
            fact('text'),
            fact('type'),
          );
  }
}
