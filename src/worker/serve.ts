import { Line, type Answer } from '../training/threads/line.js';
import { portOf, type Port } from '../training/threads/port.js';
import type { CrewQuestion } from '../training/threads/crew.js';
import { Helper } from './helper.js';
import type { AbortQuestion, FitQuestion, HelpQuestion, SaveQuestion, SteerQuestion } from './messages.js';
import { TrainingThread } from './training-thread.js';

type Question = CrewQuestion | FitQuestion | AbortQuestion | HelpQuestion | SaveQuestion | SteerQuestion;

/** What a thread does: it helps another, or trains for it. */
export function serve(port: Port): void {
  const helper = new Helper();
  const training: TrainingThread = new TrainingThread((question, transfer) => line.ask(question, transfer));
  const line = new Line(port, async (question: Question): Promise<Answer> => {
    switch (question.kind) {
      case 'fit':
        return training.fit(question);
      case 'abort':
        training.abort();
        return { value: null };
      case 'save':
        return training.save(question);
      case 'steer':
        training.steer(question);
        return { value: null };
      case 'help': {
        // Not this line's other end asks what to run, but that of the port.
        new Line(portOf(question.port), (asked: CrewQuestion) => helper.answer(asked));
        return { value: null };
      }
      default:
        return Promise.resolve(helper.answer(question));
    }
  });
}
