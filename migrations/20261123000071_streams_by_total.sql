-- What is missing of a page load follows from how many events came and the highest number among them.

alter table stream_days drop column first_seq;
