/** What cannot be done in a debug session; the message is the sentence for a person, with the next step. */
export class Refused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Refused';
  }
}
