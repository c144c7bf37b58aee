export { fit } from './worker/fit.js';
