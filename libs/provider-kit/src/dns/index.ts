export * from './dns-question.js';
export * from './expected-answers.js';
export * from './zone-serial.js';
