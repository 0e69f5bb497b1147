/** The one error that crosses the API. */
import type { TilescopeError, TilescopeErrorCode } from '../../api/tilescope.d.ts';
import { plainText } from '../model/plain.ts';

export class ApiError extends Error implements TilescopeError {
  override readonly name = 'TilescopeError';
  readonly code: TilescopeErrorCode;

  /** @param sentence what failed and the next step, for a person */
  constructor(code: TilescopeErrorCode, sentence: string) {
    super(plainText(sentence));
    this.code = code;
  }
}
