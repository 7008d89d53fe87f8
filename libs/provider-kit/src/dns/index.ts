export * from './dns-question.js';
export * from './expected-answers.js';
