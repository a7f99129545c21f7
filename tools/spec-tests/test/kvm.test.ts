import { describeMachine } from "./machine-tests.js";

await describeMachine("kvm");
