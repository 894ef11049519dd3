"use client";
import { useEffect } from "react";
import { show } from "../answer.js";

/** Does what the plain page does. */
export function Client() {
  useEffect(show, []);
  return null;
}
