import { show } from "./answer.js";

show();
