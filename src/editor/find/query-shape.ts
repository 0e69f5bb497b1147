/** The shape of a query that a page sent. Not in `shapes.ts`: that is loaded before anybody searches for anything. */
import * as v from 'valibot';
import { alignments, findKinds } from '../../model/find/query.ts';
import { cellChoiceShape, textUpTo } from '../../model/shapes.ts';

/** What a person searches for. Whether it can be searched for is another question. */
export const findQueryShape = v.object({
  kind: v.picklist(findKinds),
  text: textUpTo(64 * 1024),
  matchCase: v.boolean(),
  cells: cellChoiceShape,
  align: v.picklist(alignments),
});
